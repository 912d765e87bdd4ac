package warehouse

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// SquashWith is Squash with something that happens between the rows and the overrides.
func (w *Warehouse) SquashWith(ctx context.Context, before uint64, rewritten func()) (int, error) {
	return w.squash(ctx, before, SquashMost, rewritten)
}

// MigrateTo stops at a version, as an earlier program did.
func (w *Warehouse) MigrateTo(ctx context.Context, version int64) error {
	if err := w.createDatabase(ctx); err != nil {
		return err
	}
	db := clickhouse.OpenDB(w.migrationOptions())
	defer func() { _ = db.Close() }()
	provider, err := newProvider(db)
	if err != nil {
		return err
	}
	_, err = provider.UpTo(ctx, version)
	return err
}

// Exec runs a statement that changes something.
func (w *Warehouse) Exec(ctx context.Context, sql string) error { return w.conn.Exec(ctx, sql) }
