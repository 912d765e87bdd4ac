package warehouse

import (
	"context"
	"fmt"
	"strings"
)

// tableSettings are those that every table gets, unless its operator gave it another value (docs/adr/0058). A server that does not know one goes without it.
var tableSettings = []struct{ name, value string }{
	{"auto_statistics_types", "''"},
	{"merge_selector_base", "8"},
	{"merge_selector_enable_heuristic_to_remove_small_parts_at_right", "0"},
}

// tune gives the tables the settings that they lack. They bear on later merges; what is stored stays as it is.
func (w *Warehouse) tune(ctx context.Context) error {
	known, err := w.knownSettings(ctx)
	if err != nil {
		return fmt.Errorf("asking which settings of tables there are: %w", err)
	}
	engines, err := w.engines(ctx)
	if err != nil {
		return fmt.Errorf("asking for the settings of tables: %w", err)
	}
	for table, engine := range engines {
		missing := missingSettings(known, engine)
		if len(missing) == 0 {
			continue
		}
		if err := w.conn.Exec(ctx, "ALTER TABLE "+w.name(table)+" MODIFY SETTING "+strings.Join(missing, ", ")); err != nil {
			return fmt.Errorf("setting up table %s: %w", table, redact(err))
		}
	}
	return nil
}

// missingSettings are those that a table's engine does not name, as SQL sets them.
func missingSettings(known map[string]string, engine string) (out []string) {
	for _, s := range tableSettings {
		if _, is := known[s.name]; is && !strings.Contains(engine, " "+s.name+" = ") {
			out = append(out, s.name+" = "+s.value)
		}
	}
	return out
}

// knownSettings are those of tableSettings that the server has, with its defaults.
func (w *Warehouse) knownSettings(ctx context.Context) (map[string]string, error) {
	names := make([]string, len(tableSettings))
	for i, s := range tableSettings {
		names[i] = literal(s.name)
	}
	return w.pairs(ctx, "SELECT name, value FROM system.merge_tree_settings WHERE name IN ("+joined(names)+")")
}

// engines are the tables of the database, each with its engine and settings as it was made with.
func (w *Warehouse) engines(ctx context.Context) (map[string]string, error) {
	return w.pairs(ctx, "SELECT name, engine_full FROM system.tables WHERE database = "+literal(w.cfg.Database)+" AND engine LIKE '%ReplacingMergeTree'")
}

// pairs reads an answer of two columns.
func (w *Warehouse) pairs(ctx context.Context, statement string) (map[string]string, error) {
	rows, err := w.conn.Query(ctx, statement)
	if err != nil {
		return nil, redact(err)
	}
	defer func() { _ = rows.Close() }()
	out := map[string]string{}
	for rows.Next() {
		var key, value string
		if err := rows.Scan(&key, &value); err != nil {
			return nil, redact(err)
		}
		out[key] = value
	}
	return out, redact(rows.Err())
}
