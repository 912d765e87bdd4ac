package statemem

import (
	"context"
	"slices"
	"sync"

	"rcu/pkg/resolve"
)

// Cells is resolve.Cells in memory, for tests. Safe for concurrent use; values are copied in and out.
type Cells struct {
	mu    sync.Mutex
	cells map[string]resolve.Cell
	sets  map[string]map[string]struct{}
	plain map[string][]byte
	last  uint64 // number given: to a version or by a counter
}

var _ resolve.Cells = (*Cells)(nil)

// NewCells returns an empty store of cells.
func NewCells() *Cells {
	return &Cells{
		cells: map[string]resolve.Cell{}, sets: map[string]map[string]struct{}{}, plain: map[string][]byte{},
	}
}

// LoadCells implements resolve.Cells.
func (c *Cells) LoadCells(_ context.Context, keys []string) ([]resolve.Cell, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]resolve.Cell, len(keys))
	for i, k := range keys {
		x := c.cells[k]
		out[i] = resolve.Cell{Key: k, Version: x.Version, Value: slices.Clone(x.Value)}
	}
	return out, nil
}

// Versions implements resolve.Cells.
func (c *Cells) Versions(_ context.Context, keys []string) ([]uint64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]uint64, len(keys))
	for i, k := range keys {
		out[i] = c.cells[k].Version
	}
	return out, nil
}

// CommitCells implements resolve.Cells.
func (c *Cells) CommitCells(_ context.Context, cells []resolve.Cell) ([]bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]bool, len(cells))
	for i, x := range cells {
		if c.cells[x.Key].Version == x.Version {
			cells[i].Version = c.next(x.Version)
			c.cells[x.Key] = resolve.Cell{Version: cells[i].Version, Value: cloned(x.Value)}
			out[i] = true
		}
	}
	return out, nil
}

// cloned copies b; nothing is nil.
func cloned(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return slices.Clone(b)
}

// AddMembers implements resolve.Cells.
func (c *Cells) AddMembers(_ context.Context, members []resolve.Member) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range members {
		if c.sets[m.Set] == nil {
			c.sets[m.Set] = map[string]struct{}{}
		}
		c.sets[m.Set][m.Member] = struct{}{}
	}
	return nil
}

// Members implements resolve.Cells.
func (c *Cells) Members(_ context.Context, sets []string) ([][]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([][]string, len(sets))
	for i, s := range sets {
		for m := range c.sets[s] {
			out[i] = append(out[i], m)
		}
		slices.Sort(out[i])
	}
	return out, nil
}

// SetPlain implements resolve.Cells.
func (c *Cells) SetPlain(_ context.Context, values []resolve.Plain) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range values {
		c.plain[v.Key] = append([]byte{}, v.Value...)
	}
	return nil
}

// GetPlain implements resolve.Cells.
func (c *Cells) GetPlain(_ context.Context, keys []string) ([][]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([][]byte, len(keys))
	for i, k := range keys {
		if v, ok := c.plain[k]; ok {
			out[i] = append([]byte{}, v...)
		}
	}
	return out, nil
}

// Count implements resolve.Cells.
func (c *Cells) Count(_ context.Context, _ string, n int64) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last += uint64(max(n, 1))
	return int64(c.last), nil //nolint:gosec // G115: a count
}

// next is a version above v that was never given.
func (c *Cells) next(v uint64) uint64 {
	c.last = max(c.last, v) + 1
	return c.last
}
