package sink

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/stream"
	"rcu/pkg/warehouse"
)

// squasher writes owners into old rows and drops their overrides, so that the dictionary of overrides stays as small as what changed lately.
//
// An override may go once no row under an older owner can come any more. What a resolver emits it has read minutes before at most, and
// what it emitted lies on rcu.resolved: so an override goes when it was older than SquashAfter at some time, and everything that lay on rcu.resolved
// then is in ClickHouse by now.
type squasher struct {
	every, after time.Duration
	now          func() time.Time
	squash       func(ctx context.Context, before uint64, most int) (int, error)
	ends         func(ctx context.Context) (map[int]int64, error) // of rcu.resolved
	committed    func(ctx context.Context) (map[int]int64, error) // of the group there
	changed      func()                                           // overrides are gone
	metrics      *metrics
	log          *zap.Logger

	marked time.Time // the time that is spoken of above; zero: none yet
	lay    map[int]int64
}

func (s *Service) newSquasher() *squasher {
	return &squasher{
		every: s.cfg.SquashEvery, after: s.cfg.SquashAfter, now: s.deps.Now, squash: s.deps.Store.Squash, changed: s.owners.changed,
		metrics: s.metrics, log: s.deps.Log,
		ends: func(ctx context.Context) (map[int]int64, error) { return endsOf(ctx, s.deps.Stream) },
		committed: func(ctx context.Context) (map[int]int64, error) {
			all, err := s.deps.Stream.Committed(ctx, s.cfg.Group, stream.TopicResolved)
			return all[stream.TopicResolved], err
		},
	}
}

// endsOf reads where the partitions of rcu.resolved end.
func endsOf(ctx context.Context, client *stream.Client) (map[int]int64, error) {
	n, err := client.Partitions(ctx, stream.TopicResolved)
	if err != nil {
		return nil, fmt.Errorf("asking for the partitions of %s: %w", stream.TopicResolved, err)
	}
	parts := make([]int, n)
	for p := range parts {
		parts[p] = p
	}
	bounds, err := client.Bounds(ctx, stream.TopicResolved, parts...)
	if err != nil {
		return nil, fmt.Errorf("asking for the bounds of %s: %w", stream.TopicResolved, err)
	}
	ends := make(map[int]int64, n)
	for p, b := range bounds {
		ends[p] = b.End
	}
	return ends, nil
}

// run looks again and again until ctx ends.
func (q *squasher) run(ctx context.Context) {
	tick := time.NewTicker(q.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := q.once(ctx); err != nil && ctx.Err() == nil {
			q.log.Warn("squashing overrides", zap.Error(err))
		}
	}
}

// once squashes what may go, and takes a new mark.
func (q *squasher) once(ctx context.Context) error {
	if !q.marked.IsZero() {
		if ok, err := q.reached(ctx); err != nil || !ok {
			return err
		}
		if err := q.below(ctx, uint64(max(0, q.marked.Add(-q.after).UnixMicro()))); err != nil {
			return err
		}
	}
	lay, err := q.ends(ctx)
	if err != nil {
		return err
	}
	q.marked, q.lay = q.now(), lay
	return nil
}

// reached reports whether everything that lay on the topic at the mark is in ClickHouse.
func (q *squasher) reached(ctx context.Context) (bool, error) {
	committed, err := q.committed(ctx)
	if err != nil {
		return false, fmt.Errorf("asking how far rows are written: %w", err)
	}
	for p, end := range q.lay {
		if at, known := committed[p]; end > 0 && (!known || at < end) {
			return false, nil
		}
	}
	return true, nil
}

// below squashes the overrides whose versions, which are times in microseconds, are below one.
func (q *squasher) below(ctx context.Context, before uint64) error {
	for ctx.Err() == nil {
		n, err := q.squash(ctx, before, warehouse.SquashMost)
		if err != nil || n == 0 {
			return err
		}
		q.metrics.squashed.Add(float64(n))
		q.changed()
	}
	return nil
}
