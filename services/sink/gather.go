package sink

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"
)

// group is the records of several partitions that are inserted together. Few large inserts cost ClickHouse a fraction of many
// small ones, and the partitions would each make their own.
type group struct {
	rows     *tables
	ranges   []string // of offsets, as tokens name them
	received []int64  // of the events, for freshness
	records  int
	behind   bool // more waits than was fetched
	done     chan struct{}
	err      error // set before done is closed
}

// gatherer collects records until the flusher takes them.
type gatherer struct {
	mu      sync.Mutex
	current *group
	spare   []*tables
	make    func() *tables
	limit   int
	opened  chan struct{} // a group was opened
	full    chan struct{} // the group in the making has reached the limit
}

func newGatherer(limit int, build func() *tables) *gatherer {
	return &gatherer{limit: limit, make: build, opened: make(chan struct{}, 1), full: make(chan struct{}, 1)}
}

// add lets fill append rows to the group in the making and returns that group; behind says that the partition has more already. What a group can
// hold is bounded by the number of partitions: each waits for its group before it adds again.
func (g *gatherer) add(records int, offsets string, received []int64, behind bool, fill func(*tables)) *group {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.current == nil {
		g.current = &group{rows: g.tables(), done: make(chan struct{})}
		signal(g.opened)
	}
	c := g.current
	fill(c.rows)
	c.ranges = append(c.ranges, offsets)
	c.received = append(c.received, received...)
	c.behind = c.behind || behind
	if c.records += records; c.records >= g.limit {
		c.behind = true
		signal(g.full)
	}
	return c
}

func (g *gatherer) tables() *tables {
	if n := len(g.spare); n > 0 {
		t := g.spare[n-1]
		g.spare = g.spare[:n-1]
		return t
	}
	return g.make()
}

// take ends the group in the making; nil when there is none.
func (g *gatherer) take() *group {
	g.mu.Lock()
	defer g.mu.Unlock()
	c := g.current
	g.current = nil
	select {
	case <-g.full:
	default:
	}
	return c
}

// finish tells everyone who waits for the group how it ended, and keeps its memory for another.
func (g *gatherer) finish(c *group, err error) {
	t := c.rows
	t.reset()
	if err != nil {
		clear(t.seen) // they may not have been written
	}
	g.mu.Lock()
	g.spare = append(g.spare, t)
	g.mu.Unlock()
	c.rows, c.err = nil, err
	close(c.done)
}

// company is the part of the time between two inserts that a group waits for the other partitions: those that are let go at once come at once.
const company = 5

// run hands groups to flush until ctx ends, at most one every so often. Partitions are let go when the next group is due, not when their own was inserted: what was
// published meanwhile they then fetch at once, all together, and it waits no longer. While more waits than they fetched, they are let go at once.
func (g *gatherer) run(ctx context.Context, every time.Duration, flush func(context.Context, *group) error) {
	for {
		select {
		case <-g.opened:
		case <-ctx.Done():
			return
		}
		g.pause(ctx, every/company)
		c, taken := g.take(), time.Now()
		if c == nil {
			continue
		}
		err := flush(ctx, c)
		if err == nil && !c.behind {
			g.pause(ctx, every-time.Since(taken))
		}
		g.finish(c, err)
	}
}

// pause waits, and no longer than until the group in the making is full.
func (g *gatherer) pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-g.full:
		signal(g.full) // whoever takes the group drops it
	case <-ctx.Done():
	}
}

// token names what is inserted: the same ranges of offsets give the same token for the same table.
func (c *group) token(table string) string {
	slices.Sort(c.ranges)
	return strings.Join(c.ranges, ",") + "/" + table
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
