package warehouse

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// SquashMost is the most overrides that one Squash takes: each stands in the text of its statements.
const SquashMost = 500

// ownedTables are the tables whose rows carry the owner of their leaf at write.
var ownedTables = []string{"events", "orders", "order_lines", "contacts"}

// overrides are some overrides of `leaf_owners`, column by column.
type overrides struct {
	controllers, leaves, owners, versions []string // as SQL writes them
}

// Squash writes the rows of leaves again under the owners that their overrides of a version below before name, and drops those overrides, at
// most so many; it returns how many there were. Readers see the same before, meanwhile and after. Cut short it is done again: what
// is rewritten already is left alone. An override that is newer than the one squashed stays.
//
// Rows that are written later under an owner of before the override would show that owner for good: the caller knows that none comes any more.
func (w *Warehouse) Squash(ctx context.Context, before uint64, most int) (int, error) {
	return w.squash(ctx, before, most, func() {})
}

func (w *Warehouse) squash(ctx context.Context, before uint64, most int, rewritten func()) (int, error) {
	o, err := w.overridesBelow(ctx, before, min(most, SquashMost))
	if err != nil || len(o.leaves) == 0 {
		return 0, err
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_partitions_per_insert_block": 0, // a leaf may have rows of many months
		"insert_deduplicate":              0, "async_insert": 0, "lightweight_deletes_sync": 2,
	}))
	for _, table := range ownedTables {
		if err := w.conn.Exec(ctx, w.rewriteSQL(table, o)); err != nil {
			return 0, fmt.Errorf("writing the owners of %d leaves into %s: %w", len(o.leaves), table, redact(err))
		}
	}
	rewritten()
	if err := w.conn.Exec(ctx, w.forgetSQL(o)); err != nil {
		return 0, fmt.Errorf("dropping %d overrides: %w", len(o.leaves), redact(err))
	}
	return len(o.leaves), nil
}

// overridesBelow reads the oldest overrides.
func (w *Warehouse) overridesBelow(ctx context.Context, before uint64, most int) (o overrides, err error) {
	rows, err := w.conn.Query(ctx, "SELECT controller, toString(leaf), rcu_id, version FROM "+w.name("leaf_owners")+" FINAL WHERE version < "+
		strconv.FormatUint(before, 10)+" ORDER BY version LIMIT "+strconv.Itoa(most))
	if err != nil {
		return o, fmt.Errorf("reading overrides: %w", redact(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var controller, leaf, owner string
		var version uint64
		if err := rows.Scan(&controller, &leaf, &owner, &version); err != nil {
			return o, fmt.Errorf("reading overrides: %w", redact(err))
		}
		o.controllers, o.leaves = append(o.controllers, literal(controller)), append(o.leaves, literal(leaf))
		o.owners, o.versions = append(o.owners, literal(owner)), append(o.versions, "toUInt64("+strconv.FormatUint(version, 10)+")")
	}
	if err := rows.Err(); err != nil {
		return o, fmt.Errorf("reading overrides: %w", redact(err))
	}
	return o, nil
}

// rewriteSQL writes rows whose owner is not that of the override once more, under the next version: a row that is delivered again comes
// under its old one and stays behind.
func (w *Warehouse) rewriteSQL(table string, o overrides) string {
	t := w.name(table)
	return "INSERT INTO " + t + " SELECT * EXCEPT (owner) REPLACE (owner AS rcu_id, version + 1 AS version) FROM (SELECT *, " +
		"transform(toString(leaf), [" + joined(o.leaves) + "], [" + joined(o.owners) + "], rcu_id) AS owner FROM " + t +
		" FINAL WHERE " + o.where() + " AND rcu_id != owner)"
}

// forgetSQL deletes the overrides, and what a merge has not dropped of older ones.
func (w *Warehouse) forgetSQL(o overrides) string {
	return "DELETE FROM " + w.name("leaf_owners") + " WHERE " + o.where() +
		" AND version <= transform(toString(leaf), [" + joined(o.leaves) + "], [" + joined(o.versions) + "], toUInt64(0))"
}

func (o overrides) where() string {
	return "controller IN (" + joined(o.controllers) + ") AND leaf IN (" + joined(o.leaves) + ")"
}

func joined(literals []string) string { return strings.Join(literals, ", ") }
