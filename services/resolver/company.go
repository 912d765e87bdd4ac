package resolver

import (
	"context"
	"errors"
	"slices"
	"sync"

	"rcu/pkg/stream"
)

// atOnce is how many runs over batches of events are under way at once while little waits.
const atOnce = 2

// part is one batch within a run.
type part struct {
	batch   stream.Batch
	invalid []int64 // offsets of what cannot be read
	refused []int64 // offsets of events whose id was reused
}

// liveEvents reports whether a topic has events of now.
func liveEvents(topic string) bool {
	return topic != stream.TopicEventsHistory && slices.Contains(stream.EventTopics(), topic)
}

// company has batches of several partitions that come together resolved together: what a run costs however many events it holds, its round trips
// first of all, is paid once. A batch that comes while enough runs are under way waits for one of them to end, and takes along all that came by then.
type company struct {
	run     func(ctx context.Context, parts []*part) error
	most    int // runs at once
	records int // of one run, unless its first batch has more

	mu      sync.Mutex
	running int
	waiting []*companion
}

// companion is a batch that waits for a run.
type companion struct {
	part *part
	lead chan []*companion // it leads this run, of which it is the first
	done chan error        // another one led its run
}

// errAlone says that a run of several batches failed: each is to be resolved alone, so that one of them holds up none of the others.
var errAlone = errors.New("the run of several batches failed")

// do resolves a batch, alone or with others.
func (c *company) do(ctx context.Context, p *part) error {
	me := &companion{part: p, lead: make(chan []*companion, 1), done: make(chan error, 1)}
	c.mu.Lock()
	if c.running < c.most {
		c.running++
		me.lead <- []*companion{me}
	} else {
		c.waiting = append(c.waiting, me)
	}
	c.mu.Unlock()
	err := c.await(ctx, me)
	if errors.Is(err, errAlone) {
		p.invalid, p.refused = nil, nil
		return c.run(ctx, []*part{p})
	}
	return err
}

// await leads the run of a batch, or waits for its end.
func (c *company) await(ctx context.Context, me *companion) error {
	ended := ctx.Done()
	for {
		select {
		case all := <-me.lead:
			return c.leads(ctx, all)
		case err := <-me.done:
			return err
		case <-ended:
			if c.leaves(me) {
				return ctx.Err() //nolint:wrapcheck // the consumer's own
			}
			ended = nil // it is in a run, or is to lead one
		}
	}
}

// leads runs over batches, of which the first is its own, and has the next run begin. The others are told how it ended, also where it panics.
func (c *company) leads(ctx context.Context, all []*companion) error {
	parts := make([]*part, len(all))
	for i, one := range all {
		parts[i] = one.part
	}
	ended := errAlone
	defer func() {
		for _, one := range all[1:] {
			one.done <- ended
		}
		c.next()
	}()
	err := c.run(ctx, parts)
	if err == nil {
		ended = nil
	}
	if len(all) > 1 {
		return ended
	}
	return err
}

// next has the first of those that wait lead the next run.
func (c *company) next() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.running--
		return
	}
	n, records := 0, 0
	for n < len(c.waiting) && (n == 0 || records+len(c.waiting[n].part.batch.Records) <= c.records) {
		records += len(c.waiting[n].part.batch.Records)
		n++
	}
	all := c.waiting[:n:n]
	c.waiting = append([]*companion(nil), c.waiting[n:]...)
	all[0].lead <- all
}

// leaves takes a batch out of those that wait; false if it is in a run.
func (c *company) leaves(me *companion) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, one := range c.waiting {
		if one == me {
			c.waiting = append(c.waiting[:i:i], c.waiting[i+1:]...)
			return true
		}
	}
	return false
}
