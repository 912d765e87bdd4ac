package stream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"
)

// FromStart follows a partition from the first offset that is still held.
const FromStart int64 = -2

const (
	readWait  = 500 * time.Millisecond
	readBytes = 1 << 20
	// emptyFetches in a row below the high-water mark mean that compaction took
	// the last records away.
	emptyFetches = 2
)

// Follow reads one partition from an offset (FromStart: the log start) and
// calls fn for every record, in order, until ctx ends or fn returns an error.
// caughtUp, when given, is called once: when everything that was in the log at
// the call has been given to fn. Broker errors are retried, but for *OffsetError
// and *RightError.
func (c *Client) Follow(ctx context.Context, topic string, partition int, from int64, fn func(Record) error, caughtUp func()) error {
	f, end, err := c.open(ctx, topic, partition, from)
	if err != nil {
		return err
	}
	b := newBackoff(50*time.Millisecond, 2*time.Second)
	for empty := 0; ; {
		if caughtUp != nil && (f.offset >= end || empty >= emptyFetches) {
			caughtUp()
			caughtUp = nil
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
		got, err := f.fetch(ctx)
		var outside *OffsetError
		var refused *RightError
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &outside), errors.As(err, &refused):
			return err
		case err != nil:
			c.log.Warn("following a partition", zap.String("topic", topic), zap.Int("partition", partition), zap.Error(err))
			if !b.sleep(ctx.Done()) {
				return ctx.Err()
			}
			continue
		}
		b.reset()
		empty++
		for i := range got.records {
			empty = 0
			if err := fn(got.records[i]); err != nil {
				return err
			}
		}
	}
}

// errCaughtUp ends ReadAll.
var errCaughtUp = errors.New("caught up")

// ReadAll gives fn every record that one partition holds now.
func (c *Client) ReadAll(ctx context.Context, topic string, partition int, fn func(Record) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	err := c.Follow(ctx, topic, partition, FromStart, fn, func() { cancel(errCaughtUp) })
	if errors.Is(context.Cause(ctx), errCaughtUp) {
		return nil
	}
	return err
}

// open places a fetcher and says where the log ends now. It waits for a topic
// or leader that is not there yet.
func (c *Client) open(ctx context.Context, topic string, partition int, from int64) (*fetcher, int64, error) {
	f := &fetcher{client: c, topic: topic, partition: partition, offset: from, maxBytes: readBytes, wait: readWait}
	for b := newBackoff(50*time.Millisecond, time.Second); ; {
		bounds, err := c.Bounds(ctx, topic, partition)
		if err == nil {
			at := bounds[partition]
			if from == FromStart {
				f.offset = at.Start
			}
			if f.offset < at.Start || f.offset > at.End {
				return nil, 0, &OffsetError{Topic: topic, Partition: partition, Offset: from, Start: at.Start, End: at.End}
			}
			return f, at.End, nil
		}
		if !temporary(err) || !b.sleep(ctx.Done()) {
			return nil, 0, fmt.Errorf("opening %s/%d: %w", topic, partition, withRight(err, topic, "Describe"))
		}
	}
}
