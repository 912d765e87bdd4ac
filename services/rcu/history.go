package main

import (
	"context"
	"fmt"
	"time"

	"rcu/pkg/warehouse"
	"rcu/services/internal/explain"
)

// recordHistory reads from ClickHouse what happened to records: rcu.identity itself is kept for weeks only.
type recordHistory struct{ store *warehouse.Warehouse }

// openHistory opens it; that ClickHouse is away shows when it is asked.
func (d *deps) openHistory() (*recordHistory, error) {
	cfg := d.warehouse
	cfg.Role, cfg.MaxConns = warehouse.RoleQuery, 4
	store, err := warehouse.Open(cfg)
	if err != nil {
		return nil, fmt.Errorf("opening clickhouse: %w", err)
	}
	return &recordHistory{store}, nil
}

// History implements explain.History.
func (h *recordHistory) History(ctx context.Context, space string, names []string, limit int) ([]explain.Transition, bool, error) {
	rows, more, err := h.store.History(ctx, space, names, limit)
	if err != nil {
		return nil, false, fmt.Errorf("asking clickhouse: %w", err)
	}
	out := make([]explain.Transition, len(rows))
	for i := range rows {
		r := &rows[i]
		out[i] = explain.Transition{
			ID: r.ID, At: time.UnixMicro(r.At).UTC(), Kind: r.Kind, RCUID: r.RCUID, Before: r.Before, After: r.After, Identifiers: r.Identifiers,
			Reason: r.Reason, Cause: explain.Cause{Kind: r.CauseKind, ID: r.CauseID},
		}
	}
	return out, more, nil
}
