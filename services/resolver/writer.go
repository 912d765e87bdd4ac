package resolver

import (
	"context"
	"fmt"

	"rcu/pkg/resolve"
)

// maxAttempts bounds how often a value is planned again because another worker was first.
const maxAttempts = 50

// stateWriter changes cells by plan and compare, again until nobody was faster.
type stateWriter struct {
	cells   resolve.Cells
	metrics *metrics
}

// plan changes the i-th value in place and reports whether it has to be written. It is called again with the newer value
// when another worker was first.
type plan func(i int, c *resolve.Cell) (write bool, err error)

// update reads the cells of keys, plans each, and writes those that changed.
func (w *stateWriter) update(ctx context.Context, kind string, keys []string, plan plan) error {
	_, err := w.store(ctx, kind, keys, plan)
	return err
}

// store is update, and returns the cells as they are stored then.
func (w *stateWriter) store(ctx context.Context, kind string, keys []string, plan plan) ([]resolve.Cell, error) {
	cells, err := w.cells.LoadCells(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", kind, err)
	}
	todo := make([]int, len(keys))
	for i := range todo {
		todo[i] = i
	}
	for attempt := 0; len(todo) > 0; attempt++ {
		if attempt == maxAttempts {
			return nil, fmt.Errorf("writing %s: %d values changed under every one of %d plans", kind, len(todo), maxAttempts)
		}
		if attempt > 0 {
			w.metrics.conflicts.WithLabelValues(kind).Add(float64(len(todo)))
			if err := w.reload(ctx, kind, cells, keys, todo); err != nil {
				return nil, err
			}
		}
		if todo, err = w.write(ctx, kind, cells, todo, plan); err != nil {
			return nil, err
		}
	}
	return cells, nil
}

// write plans and commits the cells named by todo, and returns those that were refused.
func (w *stateWriter) write(ctx context.Context, kind string, cells []resolve.Cell, todo []int, plan plan) ([]int, error) {
	var commits []resolve.Cell
	var planned []int
	for _, i := range todo {
		changed, err := plan(i, &cells[i])
		if err != nil {
			return nil, err
		}
		if changed {
			commits, planned = append(commits, cells[i]), append(planned, i)
		}
	}
	if len(commits) == 0 {
		return nil, nil
	}
	accepted, err := w.cells.CommitCells(ctx, commits)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", kind, err)
	}
	var refused []int
	for n, ok := range accepted {
		if i := planned[n]; ok {
			cells[i].Version = commits[n].Version
		} else {
			refused = append(refused, i)
		}
	}
	return refused, nil
}

func (w *stateWriter) reload(ctx context.Context, kind string, cells []resolve.Cell, keys []string, todo []int) error {
	again := make([]string, len(todo))
	for n, i := range todo {
		again[n] = keys[i]
	}
	loaded, err := w.cells.LoadCells(ctx, again)
	if err != nil {
		return fmt.Errorf("reading %s again: %w", kind, err)
	}
	for n, i := range todo {
		cells[i] = loaded[n]
	}
	return nil
}
