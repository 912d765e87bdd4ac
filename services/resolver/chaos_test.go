package resolver_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
)

var errChaos = errors.New("a planted failure")

// chaos makes calls of ports fail before or after their effect, and lets others act in between.
type chaos struct {
	mu        sync.Mutex // where workers run at once; then none acts in between
	rng       *rand.Rand
	fail      float64 // of a call, half of them behind the effect
	interrupt float64 // before a call
	between   func()
	depth     int
	tick      func()
}

func (c *chaos) before() error {
	c.tick()
	if c.interrupt > 0 && c.depth < 2 && c.rng.Float64() < c.interrupt {
		c.depth++
		c.between()
		c.depth--
	}
	if c.hit(c.fail / 2) {
		return errChaos
	}
	return nil
}

func (c *chaos) hit(p float64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return p > 0 && c.rng.Float64() < p
}

func (c *chaos) after(err error) error {
	if err == nil && c.hit(c.fail/2) {
		return errChaos
	}
	return err
}

// life is that of one process: a killed one does nothing any more, wherever it stood.
type life struct {
	*chaos
	ended atomic.Bool
}

func (l *life) before() error {
	err := l.chaos.before()
	if l.ended.Load() {
		return errChaos
	}
	return err
}

func around[T any](c *life, f func() (T, error)) (out T, err error) {
	if err = c.before(); err != nil {
		return out, err
	}
	out, err = f()
	return out, c.after(err)
}

func aroundErr(c *life, f func() error) error {
	_, err := around(c, func() (struct{}, error) { return struct{}{}, f() })
	return err
}

// chaosCells are cells between which anything may happen.
type chaosCells struct {
	resolve.Cells
	*life
	written map[string]bool  // keys of cells
	listing func()           // before members are added; nil: nothing
	writing func(key string) // before a cell is written; nil: nothing
	blind   bool             // a write holds whatever was written since it was planned
}

func (c *chaosCells) LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error) {
	return around(c.life, func() ([]resolve.Cell, error) { return c.Cells.LoadCells(ctx, keys) })
}

func (c *chaosCells) Versions(ctx context.Context, keys []string) ([]uint64, error) {
	return around(c.life, func() ([]uint64, error) { return c.Cells.Versions(ctx, keys) })
}

func (c *chaosCells) CommitCells(ctx context.Context, cells []resolve.Cell) ([]bool, error) {
	for _, x := range cells {
		if c.writing != nil {
			c.writing(x.Key)
		}
	}
	return around(c.life, func() ([]bool, error) {
		c.mu.Lock()
		for _, x := range cells {
			c.written[x.Key] = true
		}
		c.mu.Unlock()
		if c.blind {
			if err := c.replan(ctx, cells); err != nil {
				return nil, err
			}
		}
		return c.Cells.CommitCells(ctx, cells)
	})
}

// replan gives cells the versions that are stored now.
func (c *chaosCells) replan(ctx context.Context, cells []resolve.Cell) error {
	for i := range cells {
		now, err := c.Cells.LoadCells(ctx, []string{cells[i].Key})
		if err != nil {
			return err
		}
		cells[i].Version = now[0].Version
	}
	return nil
}

func (c *chaosCells) AddMembers(ctx context.Context, members []resolve.Member) error {
	if c.listing != nil {
		c.listing()
	}
	return aroundErr(c.life, func() error { return c.Cells.AddMembers(ctx, members) })
}

func (c *chaosCells) Members(ctx context.Context, sets []string) ([][]string, error) {
	return around(c.life, func() ([][]string, error) { return c.Cells.Members(ctx, sets) })
}

func (c *chaosCells) Count(ctx context.Context, key string, n int64) (int64, error) {
	return around(c.life, func() (int64, error) { return c.Cells.Count(ctx, key, n) })
}

// chaosGraph is a graph between whose calls anything may happen.
type chaosGraph struct {
	resolve.GraphState
	*life
}

func (g *chaosGraph) LoadGraph(ctx context.Context, space string, keys []identifier.Key) (resolve.GraphSnapshot, error) {
	return around(g.life, func() (resolve.GraphSnapshot, error) { return g.GraphState.LoadGraph(ctx, space, keys) })
}

func (g *chaosGraph) LoadComponents(ctx context.Context, space string, keys []resolve.ComponentKey) (resolve.GraphSnapshot, error) {
	return around(g.life, func() (resolve.GraphSnapshot, error) { return g.GraphState.LoadComponents(ctx, space, keys) })
}

func (g *chaosGraph) CommitGraph(ctx context.Context, space string, commits []*resolve.GraphCommit) ([]uint64, error) {
	return around(g.life, func() ([]uint64, error) { return g.GraphState.CommitGraph(ctx, space, commits) })
}

func (g *chaosGraph) ReadOutbox(ctx context.Context, space, after string, limit int) ([]resolve.OutboxItem, error) {
	return around(g.life, func() ([]resolve.OutboxItem, error) { return g.GraphState.ReadOutbox(ctx, space, after, limit) })
}

func (g *chaosGraph) TrimOutbox(ctx context.Context, space, through string) error {
	return aroundErr(g.life, func() error { return g.GraphState.TrimOutbox(ctx, space, through) })
}

// memoryLog is what lies on the topics, in the order in which it was acknowledged.
type memoryLog struct {
	*life
	topics     map[string][]stream.Record
	publishing func(topic string) // before a record is appended; nil: nothing
	refuses    string             // a topic whose records are not taken
}

// PublishAll appends; a failure may leave a part of the records.
func (l *memoryLog) PublishAll(_ context.Context, records []stream.Record) error {
	if err := l.before(); err != nil {
		return err
	}
	var refused error
	for _, r := range records {
		if l.publishing != nil {
			l.publishing(r.Topic)
		}
		if l.hit(l.fail / 20) {
			return errChaos
		}
		if r.Topic == l.refuses {
			refused = errChaos // of that record alone
			continue
		}
		l.topics[r.Topic] = append(l.topics[r.Topic], r)
	}
	return l.after(refused)
}
