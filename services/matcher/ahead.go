package matcher

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/stream"
)

// aheadOverdraft is how far leaves that are taken ahead of their turn may draw on the pace: those in turn wait for it, these do not.
const aheadOverdraft = 250 * time.Millisecond

// ahead follows the leaves of the partitions that this process has, from their ends on, and takes those that say something new of a person
// before their turn: all leaves that changed are published once a second, and who is on the phone would wait behind them. It passes over all others
// without reading them. It is advice: what it misses, because it came before, is unmarked, or is too much, is taken in its turn, and what it took is
// looked at in its turn once more. It has no place of its own, and no group: it follows where turns are, so that one process has both.
type ahead struct {
	follow func(ctx context.Context, topic string, partition int, from int64, fn func(stream.Record) error, caughtUp func()) error
	slots  chan struct{} // of those that are taken at once
	stop   func()        // ends what follows partitions, and waits for it; nil: nothing does
}

// lead follows the partitions of an assignment.
func (s *Service) lead(ctx context.Context, parts []stream.Assignment) {
	s.halt()
	ctx, cancel := context.WithCancel(ctx)
	var following sync.WaitGroup
	for _, p := range parts {
		following.Go(func() { s.followAhead(ctx, p) })
	}
	s.ahead.stop = func() {
		cancel()
		following.Wait()
	}
}

// halt ends what follows partitions.
func (s *Service) halt() {
	if s.ahead.stop != nil {
		s.ahead.stop()
		s.ahead.stop = nil
	}
}

// followAhead follows a partition until ctx ends.
func (s *Service) followAhead(ctx context.Context, at stream.Assignment) {
	var taking sync.WaitGroup
	defer taking.Wait()
	err := s.ahead.follow(ctx, at.Topic, at.Partition, at.End, func(r stream.Record) error {
		if r.Header(stream.HeaderNews) == nil {
			return nil
		}
		select {
		case s.ahead.slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		taking.Go(func() {
			defer func() { <-s.ahead.slots }()
			s.takeAhead(ctx, r)
		})
		return nil
	}, nil)
	if err != nil && ctx.Err() == nil {
		s.deps.Log.Warn("following what is new of people; it waits for its turn", zap.Int("partition", at.Partition), zap.Error(err))
	}
}

// takeAhead takes a leaf ahead of its turn, unless that has begun. Whatever goes wrong goes wrong again in its turn, or not.
func (s *Service) takeAhead(ctx context.Context, r stream.Record) {
	outcome := aheadFailed
	defer func() {
		if recover() != nil {
			s.deps.Log.Error("taking a leaf ahead of its turn panicked", zap.ByteString("stack", debug.Stack()))
		}
		s.metrics.ahead.WithLabelValues(outcome).Inc()
	}()
	l, err := readLeaf(r)
	if err != nil {
		return // its turn names it
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	defer s.precedence.goAhead()()
	taken, err := s.overtake(s.planned(ctx), r.Partition, &l)
	switch {
	case err != nil && ctx.Err() == nil:
		s.deps.Log.Warn("taking a leaf ahead of its turn", zap.Int("partition", r.Partition), zap.Int64("offset", r.Offset), zap.Error(err))
	case err == nil && taken:
		outcome = aheadTaken
	case err == nil:
		outcome = aheadLeft
	}
}

// overtake takes a leaf before others whose turn comes first. It does not count as what was taken lately: its turn asks the index whether it
// holds the leaf, which a server that lost its last writes may not.
func (s *Service) overtake(ctx context.Context, partition int, l *leaf) (taken bool, err error) {
	at := leafAt{partition, l.id}
	leave, err := s.turns.enter(ctx, at)
	if err != nil {
		return false, err
	}
	defer leave()
	if !s.turns.early(at, l.offset) || !s.drawn() {
		return false, nil
	}
	wanted, err := s.keysWanted(ctx, []leaf{*l})
	if err != nil {
		return false, err
	}
	if !faults.remembering {
		s.lately.forget(partition, l.id)
	}
	start := s.deps.Now()
	outcome, err := s.take(ctx, l, wanted[l.space])
	if err != nil {
		return false, err
	}
	s.turns.took(at, l.offset)
	s.took(l, outcome, start)
	return true, nil
}

// drawn takes a leaf out of the pace, without waiting for it; false where it is too far overdrawn.
func (s *Service) drawn() bool {
	r := s.pace.Reserve()
	if r.Delay() > aheadOverdraft {
		r.Cancel()
		return false
	}
	return true
}
