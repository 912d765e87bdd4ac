package warehouse_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/pkg/warehouse"
)

// open gives a migrated warehouse in a database of its own.
func open(t testing.TB) *warehouse.Warehouse {
	t.Helper()
	cfg, err := warehouse.ParseURL(testkit.ClickHouse(t))
	require.NoError(t, err)
	return openAs(t, cfg, true)
}

func openAs(t testing.TB, cfg warehouse.Config, migrate bool) *warehouse.Warehouse {
	t.Helper()
	w, err := warehouse.Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	if migrate {
		require.NoError(t, w.Migrate(t.Context()))
	}
	return w
}

// collected is an answer as objects.
type collected struct {
	names     []string
	rows      []map[string]any
	truncated bool
}

func (c *collected) Columns(names []string) error { c.names = names; return nil }
func (c *collected) Row(values []json.RawMessage) error {
	row := map[string]any{}
	for i, v := range values {
		var x any
		if err := json.Unmarshal(v, &x); err != nil {
			return err
		}
		row[c.names[i]] = x
	}
	c.rows = append(c.rows, row)
	return nil
}
func (c *collected) End(truncated bool) error { c.truncated = truncated; return nil }

func ask(t testing.TB, w *warehouse.Warehouse, sql string) []map[string]any {
	t.Helper()
	var c collected
	err := w.Query(t.Context(), warehouse.Query{SQL: sql}, &c)
	var e *warehouse.Error
	if errors.As(err, &e) {
		t.Log(e.Detail())
	}
	require.NoError(t, err, sql)
	return c.rows
}

func one(t testing.TB, w *warehouse.Warehouse, sql string) any {
	t.Helper()
	rows := ask(t, w, sql)
	require.Len(t, rows, 1, sql)
	require.Len(t, rows[0], 1, sql)
	for _, v := range rows[0] {
		return v
	}
	return nil
}

func TestMigrate_twiceAndAtOnce_changesNothing(t *testing.T) {
	cfg, err := warehouse.ParseURL(testkit.ClickHouse(t))
	require.NoError(t, err)
	w := openAs(t, cfg, false)

	v, err := w.SchemaVersion(t.Context())
	require.NoError(t, err)
	require.True(t, v.Behind())

	require.NoError(t, w.Migrate(t.Context()))
	v, err = w.SchemaVersion(t.Context())
	require.NoError(t, err)
	require.Equal(t, v.Target, v.Current)
	before := ask(t, w, "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name")
	versions := one(t, w, "SELECT count() FROM schema_migrations")

	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i := range errs {
		wg.Go(func() { errs[i] = w.Migrate(t.Context()) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, before, ask(t, w, "SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() ORDER BY name"))
	require.Equal(t, versions, one(t, w, "SELECT count() FROM schema_migrations"))
}

func TestMigrate_severalProgramsOnAnEmptyServer(t *testing.T) {
	cfg, err := warehouse.ParseURL(testkit.ClickHouse(t))
	require.NoError(t, err)
	var wg sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		w := openAs(t, cfg, false)
		wg.Go(func() { errs[i] = w.Migrate(t.Context()) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	w := openAs(t, cfg, true)
	v, err := w.SchemaVersion(t.Context())
	require.NoError(t, err)
	require.Equal(t, v.Target, v.Current)
	require.Equal(t, 13.0, one(t, w, "SELECT count() FROM system.tables WHERE database = currentDatabase() AND engine = 'ReplacingMergeTree'"))
}

func TestMigrate_newerSchema_isLeftAlone(t *testing.T) {
	dsn := testkit.ClickHouse(t)
	cfg, err := warehouse.ParseURL(dsn)
	require.NoError(t, err)
	w := openAs(t, cfg, true)
	db := clickhouse.OpenDB(&clickhouse.Options{Protocol: clickhouse.HTTP, Addr: cfg.Addrs, Auth: clickhouse.Auth{Database: cfg.Database, Username: cfg.User, Password: cfg.Password}})
	defer func() { _ = db.Close() }()
	_, err = db.ExecContext(t.Context(), "INSERT INTO schema_migrations (version_id, is_applied) SETTINGS async_insert = 0 VALUES (9999, 1)")
	require.NoError(t, err)
	require.ErrorIs(t, w.Migrate(t.Context()), warehouse.ErrSchemaAhead)
}

func TestMigrate_everySortingKeyStartsWithTheController(t *testing.T) {
	w := open(t)
	rows := ask(t, w, "SELECT name, sorting_key, engine FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree' AND name != 'schema_migrations'")
	require.Len(t, rows, 13)
	for _, r := range rows {
		require.True(t, strings.HasPrefix(r["sorting_key"].(string), "controller"), r["name"])
		require.Equal(t, "ReplacingMergeTree", r["engine"], r["name"])
	}
}

func TestOpen_serverAway_errorSaysSoWithoutValues(t *testing.T) {
	w := openAs(t, warehouse.Config{Addrs: []string{"127.0.0.1:1"}, User: "rcu", Password: "hunter2", Database: "rcu"}, false)
	err := w.Ping(t.Context())
	require.ErrorContains(t, err, "clickhouse does not answer")
	require.NotContains(t, err.Error(), "hunter2")
}

func TestConfig_Validate_namesEveryProblem(t *testing.T) {
	err := warehouse.Config{Addrs: []string{"nowhere"}, Database: "a-b", Role: "x", MaxConns: -1}.Validate()
	for _, field := range []string{"addrs[0]", "user", "database", "role", "max_conns"} {
		require.ErrorContains(t, err, field+":")
	}
	require.NoError(t, warehouse.Default().Validate())
	require.ErrorContains(t, warehouse.Config{User: "u", Database: "d"}.Validate(), "addrs: is required")
}

func TestParseURL(t *testing.T) {
	cfg, err := warehouse.ParseURL("https://u:p@h:8443/db")
	require.NoError(t, err)
	require.Equal(t, warehouse.Config{Addrs: []string{"h:8443"}, User: "u", Password: "p", Database: "db", TLS: true}, cfg)
	for _, bad := range []string{"", "tcp://h:9000", "http://u:secret@h/db", "://"} {
		_, err := warehouse.ParseURL(bad)
		require.Error(t, err, bad)
		require.NotContains(t, err.Error(), "secret")
	}
}

func TestQuery_limitsAndKinds(t *testing.T) {
	w := open(t)
	var c collected
	require.NoError(t, w.Query(t.Context(), warehouse.Query{SQL: "SELECT number FROM numbers(100);", MaxRows: 10}, &c))
	require.Len(t, c.rows, 10)
	require.True(t, c.truncated)

	var exact collected
	require.NoError(t, w.Query(t.Context(), warehouse.Query{SQL: "SELECT number FROM numbers(10)", MaxRows: 10}, &exact))
	require.Len(t, exact.rows, 10)
	require.False(t, exact.truncated)

	require.ErrorIs(t, w.Query(t.Context(), warehouse.Query{SQL: "SELECT 1 FORMAT CSV"}, &c), warehouse.ErrFormatClause)

	var e *warehouse.Error
	for _, write := range []string{"INSERT INTO stores SELECT 'a','b','','','',now64()", "DROP TABLE stores", "SELECT 1 SETTINGS readonly = 0"} {
		require.ErrorAs(t, w.Query(t.Context(), warehouse.Query{SQL: write}, &c), &e, write)
	}
	require.ErrorAs(t, w.Query(t.Context(), warehouse.Query{SQL: "SELECT sleepEachRow(1) FROM numbers(30) SETTINGS max_block_size = 1", MaxExecution: time.Second}, &c), &e)
	require.Equal(t, "TIMEOUT_EXCEEDED", e.Name)
}

func TestQuery_cancelled_stopsOnTheServer(t *testing.T) {
	w := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var c collected
	mark := testkit.Name(t, "mark")
	err := w.Query(ctx, warehouse.Query{SQL: "SELECT sleepEachRow(0.1), '" + mark + "' FROM numbers(1000) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0"}, &c)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Eventually(t, func() bool {
		return one(t, w, "SELECT count() FROM system.processes WHERE query LIKE '%"+mark+"%' AND query NOT LIKE '%system.processes%'") == 0.0
	}, 10*time.Second, 50*time.Millisecond)
}

func TestErrors_holdNoValues(t *testing.T) {
	w := open(t)
	const planted = "jane.planted@example.org"
	statements := []string{
		"SELECT toUInt64('" + planted + "')",
		"SELECT toDateTime(materialize('" + planted + "'))",
		"SELECT throwIf(1, '" + planted + "')",
		"SELECT * FROM nowhere WHERE x = '" + planted + "'",
		"SELECT '" + planted + "' FROM",
		"SELECT `" + planted + "` FROM events",
		"SELECT CAST(materialize('" + planted + "') AS UUID) FROM numbers(3)",
	}
	for _, s := range statements {
		err := w.Query(t.Context(), warehouse.Query{SQL: s}, &collected{})
		var e *warehouse.Error
		require.ErrorAs(t, err, &e, s)
		require.NotContains(t, err.Error(), "planted", s)
		require.NotZero(t, e.Code, s)
		require.NotEmpty(t, e.Name, s)
		if !strings.Contains(s, "`") { // a name that the person typed may be told to that person
			require.NotContains(t, e.Detail(), "planted", s)
		}
	}
}

func TestRender_tableAndJSON(t *testing.T) {
	w := open(t)
	const sql = "SELECT 'é' AS name, 12345678901234567 AS n, map('EUR', -5) AS m, NULL AS nothing, 'a\\nb' AS two"
	var table, lines strings.Builder
	require.NoError(t, w.Query(t.Context(), warehouse.Query{SQL: sql}, warehouse.NewTableRows(&table)))
	require.Equal(t, "name  n                  m           nothing  two\n────  ─────────────────  ──────────  ───────  ───\né     12345678901234567  {\"EUR\":-5}  null     a·b\n(1 rows)\n", table.String())
	require.NoError(t, w.Query(t.Context(), warehouse.Query{SQL: sql}, warehouse.NewJSONRows(&lines)))
	require.JSONEq(t, `{"name":"é","n":12345678901234567,"m":{"EUR":-5},"nothing":null,"two":"a\nb"}`, lines.String())
	require.Contains(t, lines.String(), "12345678901234567")
}
