package warehouse_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/pkg/warehouse"
	schema "rcu/schemas/clickhouse"
)

// rowsOfOld is how many rows each table of an earlier version holds.
const rowsOfOld = 60

// content is the number and the digest of a table's rows, over the columns that it had then.
func content(t *testing.T, w *warehouse.Warehouse, table, columns string) any {
	t.Helper()
	return ask(t, w, fmt.Sprintf("SELECT count() AS n, hex(groupBitXor(cityHash64(%s))) AS digest FROM %s", columns, table))
}

// What an installation of an earlier version holds is there, value by value, when this program has migrated it; views and inserts work.
func TestMigrate_fromAnEarlierVersion(t *testing.T) {
	cfg, err := warehouse.ParseURL(testkit.ClickHouse(t))
	require.NoError(t, err)
	v, err := openAs(t, cfg, false).SchemaVersion(t.Context())
	require.NoError(t, err)
	require.Greater(t, v.Target, int64(10))
	for _, version := range []int64{1, v.Target / 2, v.Target - 2, v.Target - 1} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			cfg := cfg
			cfg.Database = fmt.Sprintf("%s_of_%d", cfg.Database, version)
			w := openAs(t, cfg, false)
			require.NoError(t, w.MigrateTo(t.Context(), version))
			t.Cleanup(func() { _ = w.Exec(t.Context(), "DROP DATABASE "+cfg.Database) })
			was := filled(t, w)
			require.Len(t, was, tablesMade(t, version))

			require.NoError(t, w.Migrate(t.Context()))
			for _, x := range was {
				require.Equal(t, x.content, content(t, w, x.table, x.columns), x.table)
			}
			after, err := w.SchemaVersion(t.Context())
			require.NoError(t, err)
			require.False(t, after.Behind())
			for _, row := range ask(t, w, "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View'") {
				ask(t, w, fmt.Sprintf("SELECT * FROM %s LIMIT 1", row["name"]))
			}
		})
	}
}

// tablesMade is how many tables there are at a version; some migrations change tables.
func tablesMade(t *testing.T, version int64) (n int) {
	t.Helper()
	files, err := fs.Glob(schema.Migrations, "*.sql")
	require.NoError(t, err)
	for _, f := range files {
		number, err := goose.NumericComponent(f)
		require.NoError(t, err)
		text, err := fs.ReadFile(schema.Migrations, f)
		require.NoError(t, err)
		if number <= version && strings.Contains(string(text), "\nCREATE TABLE ") {
			n++
		}
	}
	return n
}

// oldTable is a table with rows, as an earlier version left it.
type oldTable struct {
	table, columns string
	content        any
}

// filled writes random rows into every table that there is. Arrays of a nested structure have one length, and an UInt8 is a yes or no.
func filled(t *testing.T, w *warehouse.Warehouse) (out []oldTable) {
	t.Helper()
	for _, row := range ask(t, w, `SELECT table, arrayStringConcat(groupArray(concat('"', name, '"')), ', ') AS columns,
	arrayStringConcat(groupArray(concat('"', name, '" ', type)), ', ') AS structure,
	arrayStringConcat(groupArray(multiIf(position(name, '.') > 0, concat('arrayResize("', name, '", 2)'), type = 'UInt8', concat('"', name, '" % 2'),
		concat('"', name, '"'))), ', ') AS chosen
FROM (SELECT table, name, type FROM system.columns
	WHERE database = currentDatabase() AND table != 'schema_migrations' AND default_kind NOT IN ('ALIAS', 'MATERIALIZED') ORDER BY table, position)
GROUP BY table`) {
		x := oldTable{table: fmt.Sprint(row["table"]), columns: fmt.Sprint(row["columns"])}
		require.NoError(t, w.Exec(t.Context(), fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM generateRandom($$%s$$, 1, 8, 3) LIMIT %d",
			x.table, x.columns, row["chosen"], row["structure"], rowsOfOld)), x.table)
		x.content = content(t, w, x.table, x.columns)
		out = append(out, x)
	}
	return out
}
