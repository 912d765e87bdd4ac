package warehouse

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Warehouse is a pool of connections to one ClickHouse. It is safe for concurrent use.
type Warehouse struct {
	cfg  Config
	conn driver.Conn
}

// Open makes the pool. It connects on first use, so it succeeds while the server is away.
func Open(cfg Config) (*Warehouse, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("opening the warehouse: %w", err)
	}
	conn, err := clickhouse.Open(cfg.options())
	if err != nil {
		return nil, fmt.Errorf("opening the warehouse: %w", redact(err))
	}
	return &Warehouse{cfg: cfg, conn: conn}, nil
}

// Close closes all connections.
func (w *Warehouse) Close() error { return w.conn.Close() }

// Database is the name of the database that holds the tables.
func (w *Warehouse) Database() string { return w.cfg.Database }

// Ping asks the server for an answer, as the configured user on the configured database.
func (w *Warehouse) Ping(ctx context.Context) error {
	if err := w.conn.Exec(ctx, "SELECT 1"); err != nil {
		return fmt.Errorf("pinging clickhouse: %w", redact(err))
	}
	return nil
}

// ServerVersion is the version of the engine, such as 26.7.2.1.
func (w *Warehouse) ServerVersion(ctx context.Context) (string, error) {
	var v string
	if err := w.conn.QueryRow(ctx, "SELECT version()").Scan(&v); err != nil {
		return "", fmt.Errorf("asking clickhouse for its version: %w", redact(err))
	}
	return v, nil
}

// ReloadOwners makes the overrides that were inserted since the last call visible to readers.
func (w *Warehouse) ReloadOwners(ctx context.Context) error {
	if err := w.conn.Exec(ctx, "SYSTEM RELOAD DICTIONARY "+w.name(ownersDictionary)); err != nil {
		return fmt.Errorf("reloading the owners of leaves: %w", redact(err))
	}
	return nil
}

// name qualifies a table or dictionary. The database was validated; the names are constants.
func (w *Warehouse) name(table string) string { return w.cfg.Database + "." + table }
