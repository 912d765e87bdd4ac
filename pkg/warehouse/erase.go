package warehouse

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2"

	"rcu/pkg/identifier"
)

// Erasure names what is taken out of the tables, of one controller.
type Erasure struct {
	Controller string
	Leaves     [][16]byte
	Names      []string               // rcu_ids of profiles that are gone
	Points     []identifier.Pseudonym // identifiers that no profile names any more
	// Changes are rcu_ids of identifiers that left the graph: of changes that name them nothing stays. The graph belongs to no controller.
	Changes []string
}

// erasures is a block of `erasing`.
type erasures struct {
	block
	kind, controller lowCol
	value            *proto.ColStr
}

func newErasures() *erasures {
	e := &erasures{block: block{table: "erasing"}}
	b := &e.block
	e.kind, e.controller, e.value = b.low("kind"), b.low("controller"), b.text("value")
	return e
}

func (e *erasures) append(kind, controller, value string) {
	e.kind.Append(kind)
	e.controller.Append(controller)
	e.value.Append(value)
	e.rows++
}

// rowsOf are the conditions by which rows are erased. Statements name nobody: what they look for lies in `erasing`.
var rowsOf = []struct{ table, where string }{
	{"orders", erasedLeaf},
	{"order_lines", erasedLeaf},
	{"events", erasedLeaf},
	{"contacts", erasedLeaf},
	{"leaf_owners", erasedLeaf},
	{"profiles", "(controller, rcu_id) IN (" + erasing + "name')"},
	{"profile_identifiers", "(controller, rcu_id) IN (" + erasing + "name') OR (controller, pseudonym) IN (" + erasing + "pseudonym')"},
	{"identity_changes", "id IN (SELECT id FROM {database}.identity_changes ARRAY JOIN arrayDistinct(arrayConcat(before, after, identifiers, [rcu_id])) AS named " +
		"WHERE named IN (SELECT value FROM {database}.erasing WHERE kind = 'change'))"},
}

const (
	erasing    = "SELECT controller, value FROM {database}.erasing WHERE kind = '"
	erasedLeaf = "(controller, leaf) IN (SELECT controller, toUUID(value) FROM {database}.erasing WHERE kind = 'leaf')"
)

// salesTables keep their rows when a leaf is erased, without whose they are: what the shop sold stays what it was.
var salesTables = map[string]string{
	"orders":      "toUUID('00000000-0000-0000-0000-000000000000') AS leaf, '' AS rcu_id, '' AS reference, version + 1 AS version",
	"order_lines": "toUUID('00000000-0000-0000-0000-000000000000') AS leaf, '' AS rcu_id, version + 1 AS version",
}

// Erase deletes rows for good, and returns when, in seconds: the files of before may hold them until FilesGone. Sales stay as nobody's: each of their rows
// is written once more under the same key before the one that says whose it is goes, so that no sum changes at any moment. Cut short it is done again.
func (w *Warehouse) Erase(ctx context.Context, all []Erasure) (at int64, err error) {
	if err := w.fillErasing(ctx, all); err != nil {
		return 0, err
	}
	for _, x := range rowsOf {
		if err := w.eraseRows(ctx, x.table, w.within(x.where)); err != nil {
			return 0, fmt.Errorf("erasing rows of %s: %w", x.table, err)
		}
	}
	if err := w.ReloadOwners(ctx); err != nil {
		return 0, err
	}
	if err := w.conn.QueryRow(ctx, "SELECT toInt64(toUnixTimestamp(now()))").Scan(&at); err != nil {
		return 0, fmt.Errorf("asking clickhouse for the time: %w", redact(err))
	}
	if err := w.conn.Exec(ctx, "TRUNCATE TABLE "+w.name("erasing")); err != nil {
		return 0, fmt.Errorf("forgetting what was erased: %w", redact(err))
	}
	return at, nil
}

// FilesGone reports whether no file is left of what Erase deleted up to a time: parts that were replaced until then lie on disk for a while.
func (w *Warehouse) FilesGone(ctx context.Context, at int64) (bool, error) {
	tables := make([]string, len(rowsOf))
	for i, x := range rowsOf {
		tables[i] = literal(x.table)
	}
	var n uint64
	err := w.conn.QueryRow(ctx, "SELECT count() FROM system.parts WHERE NOT active AND database = "+literal(w.cfg.Database)+" AND table IN ("+joined(tables)+
		") AND toUnixTimestamp(remove_time) <= "+strconv.FormatInt(at, 10)).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("looking for files of deleted rows: %w", redact(err))
	}
	return n == 0, nil
}

// References lists the references that events of leaves show, as the column holds them: namespace and pseudonym.
func (w *Warehouse) References(ctx context.Context, all []Erasure) (out []string, err error) {
	if err := w.fillErasing(ctx, all); err != nil {
		return nil, err
	}
	rows, err := w.conn.Query(ctx, "SELECT DISTINCT arrayJoin(references) FROM "+w.name("events")+" WHERE "+w.within(erasedLeaf))
	if err != nil {
		return nil, fmt.Errorf("reading references of leaves: %w", redact(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r string
		if err := rows.Scan(&r); err != nil {
			return nil, fmt.Errorf("reading references of leaves: %w", redact(err))
		}
		out = append(out, r)
	}
	return out, redact(rows.Err())
}

func (w *Warehouse) fillErasing(ctx context.Context, all []Erasure) error {
	b := newErasures()
	for _, e := range all {
		for _, l := range e.Leaves {
			b.append("leaf", e.Controller, keyUUID(l).String())
		}
		for _, n := range e.Names {
			b.append("name", e.Controller, n)
		}
		for _, p := range e.Points {
			b.append("pseudonym", e.Controller, hex.EncodeToString(p[:]))
		}
		for _, n := range e.Changes {
			b.append("change", "", n)
		}
	}
	if err := w.conn.Exec(ctx, "TRUNCATE TABLE "+w.name("erasing")); err != nil {
		return fmt.Errorf("noting what to erase: %w", redact(err))
	}
	return w.Insert(ctx, b, "")
}

// eraseRows deletes the rows of a table, if there are any.
func (w *Warehouse) eraseRows(ctx context.Context, table, where string) error {
	n, err := w.countAll(ctx, table, where)
	if err != nil || n == 0 {
		return err
	}
	if as, sales := salesTables[table]; sales {
		ctx := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_partitions_per_insert_block": 0, "insert_deduplicate": 0, "async_insert": 0}))
		t := w.name(table)
		if err := w.conn.Exec(ctx, "INSERT INTO "+t+" SELECT * REPLACE ("+as+") FROM (SELECT * FROM "+t+" FINAL WHERE "+where+")"); err != nil {
			return redact(err)
		}
	}
	if err := w.conn.Exec(ctx, "ALTER TABLE "+w.name(table)+" DELETE WHERE "+where); err != nil {
		return redact(err)
	}
	return w.mutated(ctx, table)
}

// countAll counts rows, also those that a lightweight delete hides.
func (w *Warehouse) countAll(ctx context.Context, table, where string) (n uint64, err error) {
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"apply_deleted_mask": 0}))
	err = w.conn.QueryRow(ctx, "SELECT count() FROM "+w.name(table)+" WHERE "+where).Scan(&n)
	return n, redact(err)
}

// mutationEvery is how often it is asked whether a deletion is done, and how often it may fail.
const (
	mutationEvery = 100 * time.Millisecond
	mutationTries = 6000
)

// errMutation says that ClickHouse cannot do a deletion; its own text may name rows.
var errMutation = errors.New("clickhouse does not finish deleting (system.mutations says why)")

// mutated waits until a table has no deletion to do.
func (w *Warehouse) mutated(ctx context.Context, table string) error {
	for range mutationTries {
		var left uint64
		err := w.conn.QueryRow(ctx, "SELECT count() FROM system.mutations WHERE NOT is_done AND database = "+literal(w.cfg.Database)+" AND table = "+literal(table)).Scan(&left)
		if err != nil || left == 0 {
			return redact(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // asked to end
		case <-time.After(mutationEvery):
		}
	}
	return errMutation
}

// within puts the name of the database into a condition.
func (w *Warehouse) within(where string) string {
	return strings.ReplaceAll(where, "{database}", w.cfg.Database)
}
