package resolver

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
)

// outboxEntries is how many entries of the outbox are published together.
const outboxEntries = 500

// sweepComponents is how many components one sweep judges.
const sweepComponents = 500

// fullDrains is how many full runs of the outbox are published for each step of comparing what was told, while it does not run empty.
const fullDrains = 4

// looked is what the one who looks after a space has done already.
type looked struct {
	swept      time.Time
	epoch      uint64      // to which the rest belongs
	comparison *comparison // of what was told; nil: not begun
	compared   bool        // all of it
	full       int         // so many full runs of the outbox came in a row
}

// goesOn reports whether there is more to do at once.
func (l *looked) goesOn() bool { return l.full > 0 || l.comparison != nil && !l.comparison.read() }

// lookAfter drains the outbox of a space and judges what the clock made due, while this process holds the lease.
func (s *Service) lookAfter(ctx context.Context, space string) error {
	l := s.leaseOf(space)
	log := s.deps.Log.With(zap.String("space", space))
	pause := time.NewTimer(0)
	defer pause.Stop()
	var seen looked
	for {
		select {
		case <-ctx.Done():
			return s.handOver(ctx, l)
		case <-pause.C:
		}
		err := s.lookOnce(ctx, l, &seen)
		switch {
		case err != nil && ctx.Err() == nil:
			log.Warn("looking after a space", zap.Error(err))
			pause.Reset(time.Second)
		case seen.goesOn():
			pause.Reset(0)
		default:
			pause.Reset(s.cfg.OutboxEvery)
		}
	}
}

func (s *Service) leaseOf(space string) *lease {
	return &lease{cells: s.deps.Cells, space: space, instance: s.cfg.Instance, length: s.cfg.Lease, now: s.deps.Now}
}

func (s *Service) handOver(ctx context.Context, l *lease) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return l.release(ctx)
}

// lookOnce does a slice of comparing what was told, if there is something to compare, and publishes one run of outbox entries.
func (s *Service) lookOnce(ctx context.Context, l *lease, seen *looked) error {
	ctx, epoch := s.keeper.planned(ctx)
	if seen.epoch != epoch {
		seen.epoch, seen.comparison, seen.compared = epoch, nil, false
	}
	l.whole = seen.compared
	held, err := l.held(ctx)
	if err != nil || !held {
		return s.standAside(l, seen, err)
	}
	failed := errors.Join(s.compareSome(ctx, l, seen), s.sweep(ctx, l.space, seen)) // must not keep the rest from being published
	return errors.Join(failed, s.drainHeld(ctx, l, seen))
}

// standAside forgets how far this process is: who publishes the space next begins anew.
func (s *Service) standAside(l *lease, seen *looked, err error) error {
	s.runs.begin(l.space)
	s.express.leave(l.space)
	seen.comparison, seen.compared, seen.full = nil, false, 0
	return err
}

// compareSome does a slice of comparing what was told. While the outbox does not run empty, it has the precedence.
func (s *Service) compareSome(ctx context.Context, l *lease, seen *looked) error {
	if seen.compared {
		return nil
	}
	if seen.comparison == nil {
		seen.comparison = s.beginComparison(l.space, l.compared)
		s.rewriteFiles(ctx)
		s.express.lead(l.space, seen.epoch)
	}
	if seen.full%fullDrains > 0 && !seen.comparison.urgent() {
		return nil
	}
	done, err := seen.comparison.slice(ctx)
	if done {
		seen.comparison, seen.compared = nil, true
	}
	return err
}

// sweep judges what the clock made due, some of it at a time.
func (s *Service) sweep(ctx context.Context, space string, seen *looked) error {
	now := s.deps.Now()
	if now.Sub(seen.swept) < s.cfg.SweepEvery {
		return nil
	}
	n, err := s.deps.Graph.Sweep(ctx, space, now.Unix(), sweepComponents)
	if err != nil || n < sweepComponents {
		seen.swept = now
	}
	return err //nolint:wrapcheck // says all
}

// rewriteFiles makes sure that servers hold after another start what they hold now. A server that may not be told is for its operator.
func (s *Service) rewriteFiles(ctx context.Context) {
	if s.deps.Markers == nil {
		return
	}
	if err := s.deps.Markers.RewriteFiles(ctx); err != nil && ctx.Err() == nil {
		s.deps.Log.Warn("redis does not rewrite its append-only file after its start: see docs/operations.md", zap.Error(err))
	}
}

// drainHeld drains the outbox if the lease is still held for long enough.
func (s *Service) drainHeld(ctx context.Context, l *lease, seen *looked) error {
	held, err := l.held(ctx)
	if err != nil || !held {
		return s.standAside(l, seen, err)
	}
	n, err := s.drainOutbox(ctx, l.space, l)
	if seen.full++; err != nil || n < outboxEntries {
		seen.full = 0
	}
	return err
}
