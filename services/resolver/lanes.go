package resolver

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/stream"
)

// HistoryConfig says how the history lane yields to live events.
type HistoryConfig struct {
	// Records is the most events of one slice. Default: 250.
	Records int
	// Share of the time that slices get at least, whatever else there is to do. Default: 0.1.
	Share float64
	// Pending leaves and profiles that wait to be published, above which slices wait; below max_pending, which live events may use.
	// Default: 10000.
	Pending int
	// OutboxAge is how old the oldest entry of an outbox may be before slices wait: it stays until the profiles that it changed are out.
	// Default: 4s.
	OutboxAge time.Duration
	// SinkGroup is the group that writes to ClickHouse, and SinkLag the records it may be behind before slices wait: live rows stand
	// between those of the backfill. Default: "sink", 20000.
	SinkGroup string
	// SinkLag belongs to SinkGroup.
	SinkLag int64
}

func defaultHistory() HistoryConfig {
	return HistoryConfig{Records: 250, Share: .1, Pending: 10_000, OutboxAge: 4 * time.Second, SinkGroup: "sink", SinkLag: 20_000}
}

func (c HistoryConfig) validate(maxPending int) error {
	var problems []error
	if c.Records < 1 || c.SinkLag < 1 {
		problems = append(problems, errors.New("history.records and history.sink_lag: must be at least 1"))
	}
	if c.Share <= 0 || c.Share >= 1 {
		problems = append(problems, errors.New("history.share: must be above 0 and below 1"))
	}
	if c.Pending < 1 || c.Pending > maxPending {
		problems = append(problems, errors.New("history.pending: must be at least 1 and at most max_pending"))
	}
	if c.OutboxAge <= 0 {
		problems = append(problems, errors.New("history.outbox_age: must be above 0"))
	}
	if c.SinkGroup == "" {
		problems = append(problems, errors.New("history.sink_group: is required"))
	}
	return errors.Join(problems...)
}

// lanes is how the consumer orders history and live events.
func (s *Service) lanes() stream.BackgroundConfig {
	return stream.BackgroundConfig{
		Topics: []string{stream.TopicEventsHistory}, Records: s.cfg.History.Records, Share: s.cfg.History.Share, Hold: s.holdHistory,
	}
}

// holdHistory reports whether what stands behind the resolver has enough to do: what live events need goes the same way.
func (s *Service) holdHistory() bool {
	return s.downstream.late.Load() || s.pending.size() > s.cfg.History.Pending
}

// downstream is what was last seen of the stages behind.
type downstream struct{ late atomic.Bool }

// downstreamEvery is how often they are looked at.
const downstreamEvery = 500 * time.Millisecond

// watchDownstream looks at the outboxes and at the sink until ctx ends.
func (s *Service) watchDownstream(ctx context.Context) error {
	tick := time.NewTicker(downstreamEvery)
	defer tick.Stop()
	for failed := false; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		late, err := s.lookDownstream(ctx)
		if err == nil {
			s.downstream.late.Store(late)
		} else if !failed && ctx.Err() == nil {
			s.deps.Log.Warn("looking at the stages behind", zap.Error(err))
		}
		failed = err != nil
	}
}

func (s *Service) lookDownstream(ctx context.Context) (late bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, space := range s.cfg.Spaces {
		if late, err = s.outboxLate(ctx, space); late || err != nil {
			return late, err
		}
	}
	return s.sinkLate(ctx)
}

// outboxLate looks at the age of the oldest entry: how many there are says little of how long they take.
func (s *Service) outboxLate(ctx context.Context, space string) (bool, error) {
	entries, err := s.deps.Graph.ReadOutbox(ctx, space, "", 1)
	if err != nil {
		return false, fmt.Errorf("reading the outbox of space %s: %w", space, err)
	}
	return len(entries) > 0 && s.deps.Now().Sub(time.Unix(entries[0].Now, 0)) > s.cfg.History.OutboxAge+time.Second, nil
}

// sinkLate compares what the sink committed with the ends of what it reads. A sink that never committed is none.
func (s *Service) sinkLate(ctx context.Context) (bool, error) {
	parts, err := s.deps.Stream.Lag(ctx, s.cfg.History.SinkGroup, stream.TopicResolved, stream.TopicProfiles)
	if err != nil {
		return false, fmt.Errorf("asking for the lag of %s: %w", s.cfg.History.SinkGroup, err)
	}
	var lag int64
	known := false
	for _, p := range parts {
		lag += p.Lag()
		known = known || p.Committed >= 0
	}
	return known && lag > s.cfg.History.SinkLag, nil
}

// size is how much waits to be published.
func (p *pending) size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.cells) + len(p.profiles)
}

// fenceOf names the log that an offset counts in. A leaf gets events of both lanes, whose offsets say nothing about each other.
func fenceOf(topic string) string {
	if faults.sharedFence && topic == stream.TopicEventsHistory {
		return stream.TopicEventsStore
	}
	return topic
}
