package stream

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// PublishAll publishes any number of records and waits for room in the queue
// where Publish would refuse. It is for stages that have their own limit on
// what they hold, not for callers that should be told to come back later. Its
// errors are those of Publish but ErrOverloaded.
func (p *Producer) PublishAll(ctx context.Context, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	if err := p.openLanes(ctx, records); err != nil {
		return err
	}
	type chunk struct {
		call  *call
		start int
	}
	var chunks []chunk
	var refused error
	for start := 0; start < len(records) && refused == nil; {
		end := p.chunkEnd(records, start)
		c := &call{done: make(chan struct{})}
		if refused = p.enqueueWaiting(ctx, c, records[start:end]); refused == nil {
			chunks = append(chunks, chunk{c, start})
			start = end
		}
	}
	errs := map[int]error{}
	for _, c := range chunks {
		select {
		case <-c.call.done:
		case <-ctx.Done():
			return fmt.Errorf("waiting for the acknowledgement: %w", ctx.Err())
		}
		for i, err := range c.call.errs {
			errs[c.start+i] = err
		}
	}
	if refused != nil {
		return refused
	}
	if len(errs) > 0 {
		return &PublishError{Errs: errs, Total: len(records)}
	}
	return nil
}

// chunkEnd cuts a chunk that leaves room for others in the queue.
func (p *Producer) chunkEnd(records []Record, start int) int {
	limit, size := max(1, p.cfg.QueueRecords/8), 0
	for i := start; i < len(records); i++ {
		size += records[i].size()
		if i > start && (i-start >= limit || size > p.cfg.QueueBytes/8) {
			return i
		}
	}
	return len(records)
}

// enqueueWaiting enqueues as soon as there is room.
func (p *Producer) enqueueWaiting(ctx context.Context, c *call, records []Record) error {
	b := newBackoff(time.Millisecond, 50*time.Millisecond)
	for {
		err := p.enqueue(c, records)
		if !errors.Is(err, ErrOverloaded) {
			return err
		}
		if !b.sleep(ctx.Done()) {
			return fmt.Errorf("waiting for room in the queue: %w", ctx.Err())
		}
	}
}
