package statemem

import (
	"context"

	"rcu/pkg/resolve"
)

var _ resolve.Remover = (*Cells)(nil)

// RemoveCells implements resolve.Remover.
func (c *Cells) RemoveCells(_ context.Context, cells []resolve.Cell) ([]bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]bool, len(cells))
	for i, x := range cells {
		held, known := c.cells[x.Key]
		if out[i] = !known || held.Version == x.Version; out[i] {
			delete(c.cells, x.Key)
		}
	}
	return out, nil
}

// RemoveMembers implements resolve.Remover.
func (c *Cells) RemoveMembers(_ context.Context, members []resolve.Member) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range members {
		delete(c.sets[m.Set], m.Member)
	}
	return nil
}
