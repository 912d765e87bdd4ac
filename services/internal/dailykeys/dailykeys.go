// Package dailykeys learns the daily keys of all ingestors from rcu.keys, for the services that open what was sealed under them.
package dailykeys

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/stream"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
)

// partition is the partition of rcu.keys that holds the daily keys; keys of subjects lie on the others.
const partition = 0

// Follower reads the daily keys from their first to their last, and on.
type Follower struct {
	stream *stream.Client
	daily  *vault.Daily
	log    *zap.Logger
	next   atomic.Int64 // the offset that comes next
}

// New prepares a follower that hands the keys to daily.
func New(client *stream.Client, daily *vault.Daily, log *zap.Logger) *Follower {
	return &Follower{stream: client, daily: daily, log: log}
}

// Run follows until ctx ends.
func (f *Follower) Run(ctx context.Context) error {
	err := f.stream.Follow(ctx, stream.TopicKeys, partition, stream.FromStart, f.learn, nil)
	if err != nil {
		return fmt.Errorf("following the daily keys: %w", err)
	}
	return nil
}

func (f *Follower) learn(r stream.Record) error {
	defer f.next.Store(r.Offset + 1)
	if len(r.Value) == 0 {
		f.daily.Forget(vault.ParseDailyRecordKey(r.Key)) // destroyed
		return nil
	}
	var key eventpb.WrappedKey
	err := r.Decode(&key)
	if err == nil {
		err = f.Learn(&key)
	}
	if err != nil { // one bad record must not keep everybody from resolving
		f.log.Error("a daily key cannot be read", zap.Error(err), zap.Int64("offset", r.Offset))
	}
	return nil
}

// Learn takes in one key.
func (f *Follower) Learn(w *eventpb.WrappedKey) error {
	return f.daily.Learn(w) //nolint:wrapcheck // says all
}

// Open returns what a Sealed holds. A key that is not known yet is waited for; one that everybody forgot gives vault.ErrUnknownKey.
func (f *Follower) Open(ctx context.Context, s *eventpb.Sealed) ([]byte, error) {
	plain, err := f.daily.Open(s)
	if !errors.Is(err, vault.ErrUnknownKey) {
		return plain, err
	}
	bounds, err := f.stream.Bounds(ctx, stream.TopicKeys, partition)
	if err != nil {
		return nil, fmt.Errorf("asking for the end of the daily keys: %w", errors.Join(ErrAwaited, err))
	}
	if err := f.await(ctx, bounds[partition].End); err != nil {
		return nil, err
	}
	return f.daily.Open(s)
}

// ErrAwaited says that the daily keys of others could not be read to their end: try again.
var ErrAwaited = errors.New("daily keys are not known to their end")

const keyWait = 5 * time.Second

func (f *Follower) await(ctx context.Context, end int64) error {
	ctx, cancel := context.WithTimeout(ctx, keyWait)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for f.next.Load() < end {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the daily keys: %w", errors.Join(ErrAwaited, ctx.Err()))
		case <-tick.C:
		}
	}
	return nil
}
