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

// looked is what the one who looks after a space has done already.
type looked struct {
	swept    time.Time
	recalled bool
	epoch    uint64 // in which what was told was recalled
}

// lookAfter drains the outbox of a space and judges what the clock made due, while this process holds the lease.
func (s *Service) lookAfter(ctx context.Context, space string) error {
	l := &lease{cells: s.deps.Cells, space: space, instance: s.cfg.Instance, length: s.cfg.Lease, now: s.deps.Now}
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
		published, err := s.lookOnce(ctx, l, &seen)
		switch {
		case err != nil && ctx.Err() == nil:
			log.Warn("looking after a space", zap.Error(err))
			pause.Reset(time.Second)
		case published == outboxEntries:
			pause.Reset(0)
		default:
			pause.Reset(s.cfg.OutboxEvery)
		}
	}
}

func (s *Service) handOver(ctx context.Context, l *lease) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	return l.release(ctx)
}

// lookOnce publishes one run of outbox entries and returns how many.
func (s *Service) lookOnce(ctx context.Context, l *lease, seen *looked) (int, error) {
	epoch := s.keeper.now()
	ctx = s.keeper.planned(ctx)
	ctx = l.under(ctx)
	held, err := l.held(ctx)
	if err != nil || !held {
		return 0, s.standAside(l, seen, err)
	}
	if !seen.recalled || seen.epoch != epoch {
		err := s.recall(ctx, l.space)
		if errors.Is(err, errTakenOver) {
			return 0, s.standAside(l, seen, nil)
		}
		if err != nil {
			return 0, err
		}
		s.rewriteFiles(ctx)
		seen.recalled, seen.epoch = true, epoch
	}
	s.express.lead(l.space, epoch)
	if now := s.deps.Now(); now.Sub(seen.swept) >= s.cfg.SweepEvery {
		n, err := s.deps.Graph.Sweep(ctx, l.space, now.Unix(), sweepComponents)
		if err != nil {
			seen.swept = now // what cannot be judged must not keep the rest from being published
			_, drained := s.drainHeld(ctx, l)
			return 0, errors.Join(err, drained)
		}
		if n < sweepComponents {
			seen.swept = now
		}
	}
	return s.drainHeld(ctx, l)
}

// standAside forgets how far this process is: who publishes the space next begins anew.
func (s *Service) standAside(l *lease, seen *looked, err error) error {
	s.runs.begin(l.space)
	s.express.leave(l.space)
	seen.recalled = false
	return err
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
func (s *Service) drainHeld(ctx context.Context, l *lease) (int, error) {
	held, err := l.held(ctx)
	if err != nil || !held {
		s.runs.begin(l.space)
		return 0, err
	}
	return s.drainOutbox(ctx, l.space)
}
