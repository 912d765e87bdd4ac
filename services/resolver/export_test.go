package resolver

import (
	"context"
	"testing"
	"time"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// Faults are wrong variants to plant.
type Faults struct{ SkipFenced, IgnoreConsent, CommitEarly, ListLate, SharedFence bool }

// Plant switches faults on until the test ends.
func Plant(t testing.TB, f Faults) {
	t.Helper()
	faults.skipFenced, faults.ignoreConsent, faults.commitEarly, faults.listLate = f.SkipFenced, f.IgnoreConsent, f.CommitEarly, f.ListLate
	faults.sharedFence = f.SharedFence
	t.Cleanup(func() {
		faults.skipFenced, faults.ignoreConsent, faults.commitEarly, faults.listLate = false, false, false, false
		faults.sharedFence = false
	})
}

// Assemble makes a resolver without a consumer, whose steps a test takes itself.
func Assemble(cfg Config, d Deps, out interface {
	PublishAll(ctx context.Context, records []stream.Record) error
},
) *Service {
	s := assemble(cfg, d, out)
	s.keyPartitions = 1
	return s
}

// Resolve handles one batch.
func (s *Service) Resolve(ctx context.Context, b stream.Batch) error { return s.resolve(ctx, b) }

// Drain publishes the outbox of a space until it is empty.
func (s *Service) Drain(ctx context.Context, space string) error {
	for {
		if n, err := s.drainOutbox(ctx, space); err != nil || n == 0 {
			return err
		}
	}
}

// LookAfter returns a function that looks after a space once, if it gets the lease.
func (s *Service) LookAfter(space string) func(ctx context.Context) error {
	l := &lease{cells: s.deps.Cells, space: space, instance: s.cfg.Instance, length: s.cfg.Lease, now: s.deps.Now}
	var swept time.Time
	return func(ctx context.Context) error {
		_, err := s.lookOnce(ctx, l, &swept)
		return err
	}
}

// Flush publishes what is pending.
func (s *Service) Flush(ctx context.Context) error { return s.flush(ctx) }

// Through is the time up to which offsets may be committed.
func (s *Service) Through() time.Time { return s.through() }

// Learn takes in a daily key.
func (s *Service) Learn(w *eventpb.WrappedKey) error { return s.keys.Learn(w) }
