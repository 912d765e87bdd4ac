package resolver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rcu/pkg/stream"
)

// What is compared with the store: what was told since everything was compared, and a little before, since a server loses seconds. Where nobody knows when
// that was, what was told before the last record of a partition.
const (
	recallSpare   = 30 * time.Second
	recallUnknown = 15 * time.Minute
	// recallRecords is the most that is compared of a partition, the newest.
	recallRecords = 100_000
)

// toldLog is where it is read what was told; a *stream.Client.
type toldLog interface {
	Partitions(ctx context.Context, topic string) (int, error)
	Bounds(ctx context.Context, topic string, partitions ...int) (map[int]stream.Bounds, error)
	OffsetAt(ctx context.Context, topic string, partition int, at time.Time) (int64, error)
	ReadFrom(ctx context.Context, topic string, partition int, from int64, fn func(stream.Record) error) error
}

var _ toldLog = (*stream.Client)(nil)

// toldSince gives what of a partition is compared: from an offset up to another.
func toldSince(ctx context.Context, log toldLog, topic string, partition int, since time.Time) (from, end int64, err error) {
	bounds, err := log.Bounds(ctx, topic, partition)
	if err != nil {
		return 0, 0, fmt.Errorf("asking for the bounds of %s: %w", topic, err)
	}
	b := bounds[partition]
	if b.End <= b.Start {
		return 0, 0, nil
	}
	at := since.Add(-recallSpare)
	if since.IsZero() || faults.compareLately {
		if at, err = lastTime(ctx, log, topic, partition, b.End-1); err != nil {
			return 0, 0, err
		}
		at = at.Add(-recallUnknown)
		if faults.compareLately {
			at = at.Add(recallUnknown - recallSpare)
		}
	}
	if from, err = log.OffsetAt(ctx, topic, partition, at); err != nil {
		return 0, 0, fmt.Errorf("looking for the newest records of %s: %w", topic, err)
	}
	return max(from, b.Start, b.End-recallRecords), b.End, nil
}

// lastTime is the time of the last record of a partition; long ago where compaction took it away.
func lastTime(ctx context.Context, log toldLog, topic string, partition int, offset int64) (last time.Time, err error) {
	last = time.Unix(0, 0)
	err = log.ReadFrom(ctx, topic, partition, offset, func(r stream.Record) error {
		last = r.Time
		return errEnough
	})
	if err != nil && !errors.Is(err, errEnough) {
		return last, fmt.Errorf("reading the last record of %s: %w", topic, err)
	}
	return last, nil
}
