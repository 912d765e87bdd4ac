package warehouse

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// OlderRows counts the events that were received before a time.
func (w *Warehouse) OlderRows(ctx context.Context, before time.Time) (uint64, error) {
	var n uint64
	err := w.conn.QueryRow(ctx, "SELECT count() FROM "+w.name("events")+" FINAL WHERE received_at < fromUnixTimestamp64Micro("+strconv.FormatInt(before.UnixMicro(), 10)+", 'UTC')").Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting events: %w", redact(err))
	}
	return n, nil
}

// Life names the tables of facts that stand: those that are dropped, or lost, and made anew have another.
func (w *Warehouse) Life(ctx context.Context) (string, error) {
	var life string
	err := w.conn.QueryRow(ctx, "SELECT toString(uuid) FROM system.tables WHERE database = "+literal(w.cfg.Database)+" AND name = 'events'").Scan(&life)
	if err != nil {
		return "", fmt.Errorf("asking for the life of the tables: %w", redact(err))
	}
	return life, nil
}

// DropTables drops everything of the database: what is known of migrations first, so that after a cut the next one makes again what is gone; then views, since
// they read the tables.
func (w *Warehouse) DropTables(ctx context.Context) error {
	rows, err := w.conn.Query(ctx, "SELECT name, engine FROM system.tables WHERE database = "+literal(w.cfg.Database)+" ORDER BY name != "+literal(versionTable)+", engine != 'View', engine != 'Dictionary', name")
	if err != nil {
		return fmt.Errorf("listing the tables: %w", redact(err))
	}
	defer func() { _ = rows.Close() }()
	var drops []string
	for rows.Next() {
		var name, engine string
		if err := rows.Scan(&name, &engine); err != nil {
			return fmt.Errorf("listing the tables: %w", redact(err))
		}
		kind := "TABLE"
		switch engine {
		case "View", "MaterializedView":
			kind = "VIEW"
		case "Dictionary":
			kind = "DICTIONARY"
		}
		drops = append(drops, "DROP "+kind+" IF EXISTS "+w.cfg.Database+".`"+strings.ReplaceAll(name, "`", "")+"` SYNC")
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("listing the tables: %w", redact(err))
	}
	for _, statement := range drops {
		if err := w.conn.Exec(ctx, statement); err != nil {
			return fmt.Errorf("dropping the tables: %w", redact(err))
		}
	}
	return nil
}
