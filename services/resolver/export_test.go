package resolver

import (
	"context"
	"errors"
	"testing"
	"time"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// Faults are wrong variants to plant.
type Faults struct {
	SkipFenced, IgnoreConsent, CommitEarly, ListLate, SharedFence, TrimEarly bool
	Unbound, SkipMarks, KeepCaches, MarkEarly, SkipOutbox, KeepOvertaken     bool
	KeysLast, OutboxBehind, TornRun, ForgetTold, SpaceChoices                bool
	ToldAlways, ToldNever, Barrier, NoExpress, PromptLate                    bool
	KeepKeys, KeyAgain, KeepBefore, ListOnce                                 bool
	OwedBlindly, Scattered, Unmarked, NewsLost, OwedDropped, OutBlindly      bool
	OneSource, SoldByTeller, LeaseForgotten, SettledBlindly, ToldOnce        bool
}

// Plant switches faults on until the test ends.
func Plant(t testing.TB, f Faults) {
	t.Helper()
	plant := func(f Faults) {
		faults.owedBlindly = f.OwedBlindly
		faults.skipFenced, faults.ignoreConsent, faults.commitEarly, faults.listLate = f.SkipFenced, f.IgnoreConsent, f.CommitEarly, f.ListLate
		faults.sharedFence, faults.trimEarly = f.SharedFence, f.TrimEarly
		faults.skipOutbox, faults.keepOvertaken, faults.spaceChoices = f.SkipOutbox, f.KeepOvertaken, f.SpaceChoices
		faults.leaseForgotten, faults.settledBlindly, faults.toldOnce = f.LeaseForgotten, f.SettledBlindly, f.ToldOnce
		faults.keysLast, faults.outboxBehind, faults.tornRun, faults.forgetTold = f.KeysLast, f.OutboxBehind, f.TornRun, f.ForgetTold
		faults.unbound, faults.skipMarks, faults.keepCaches, faults.markEarly = f.Unbound, f.SkipMarks, f.KeepCaches, f.MarkEarly
		faults.toldAlways, faults.toldNever, faults.barrier, faults.noExpress = f.ToldAlways, f.ToldNever, f.Barrier, f.NoExpress
		faults.keepKeys, faults.keyAgain, faults.keepBefore = f.KeepKeys, f.KeyAgain, f.KeepBefore
		faults.promptLate, faults.scattered = f.PromptLate, f.Scattered
		faults.unmarked, faults.newsLost, faults.owedDropped = f.Unmarked, f.NewsLost, f.OwedDropped
		faults.outBlindly, faults.oneSource, faults.listOnce, faults.soldByTeller = f.OutBlindly, f.OneSource, f.ListOnce, f.SoldByTeller
	}
	plant(f)
	t.Cleanup(func() { plant(Faults{}) })
}

// Assemble makes a resolver without a consumer, whose steps a test takes itself.
func Assemble(cfg Config, d Deps, out interface {
	PublishAll(ctx context.Context, records []stream.Record) error
},
) *Service {
	s := assemble(cfg, d, out)
	s.keyPartitions = 1
	s.keeper.worked = func(context.Context) (bool, error) { return false, nil }
	return s
}

// Seeks has partitions that were lost read again by f.
func (s *Service) Seeks(f func(topic string, partition int, offset int64) bool) {
	s.keeper.seek = seekFunc(f)
}

type seekFunc func(topic string, partition int, offset int64) bool

// SeekBack implements seeker.
func (f seekFunc) SeekBack(topic string, partition int, offset int64) bool {
	return f(topic, partition, offset)
}

// Assigned gives partitions to the resolver.
func (s *Service) Assigned(ctx context.Context, parts []stream.Assignment) error {
	return s.keeper.assigned(ctx, parts)
}

// Looks reports whether the next batch would look at the markers first.
func (s *Service) Looks() bool {
	return s.keeper.marks != nil && (s.keeper.epoch.Load() != s.keeper.marks.Epoch() || s.keeper.doubted())
}

// Look looks at the markers.
func (s *Service) Look(ctx context.Context) error { return s.keeper.look(ctx) }

// WatchOnce looks at the markers if there is a reason.
func (s *Service) WatchOnce(ctx context.Context) error { return s.keeper.lookAnew(ctx) }

// HoldBatch stands for a batch that is under way until it is ended.
func (s *Service) HoldBatch() (end func()) {
	s.keeper.running.RLock()
	return s.keeper.running.RUnlock
}

// MayBegin reports whether a batch could begin now.
func (s *Service) MayBegin() bool {
	if !s.keeper.running.TryRLock() {
		return false
	}
	s.keeper.running.RUnlock()
	return true
}

// Resolve handles one batch.
func (s *Service) Resolve(ctx context.Context, b stream.Batch) error { return s.resolve(ctx, b) }

// ErrLater says that a batch was not begun.
var ErrLater = errors.New("later")

// ResolveTogether handles batches of several partitions as a company does: in one run, and each alone where that fails.
func (s *Service) ResolveTogether(ctx context.Context, batches []stream.Batch) []error {
	if len(batches) == 1 {
		return []error{s.resolve(ctx, batches[0])}
	}
	errs, parts := make([]error, len(batches)), []*part{}
	own := make([]*part, len(batches))
	for i, b := range batches {
		if i > 0 && s.Looks() {
			errs[i] = ErrLater // it would wait for those that are under way
			continue
		}
		bound, done, err := s.keeper.begin(ctx, b)
		if errs[i] = err; err != nil {
			continue
		}
		defer done()
		ctx = bound
		own[i] = &part{batch: b}
		parts = append(parts, own[i])
	}
	failed := s.resolveParts(ctx, parts)
	for i, p := range own {
		if p == nil {
			continue
		}
		if failed != nil {
			p.invalid, p.refused = nil, nil
			errs[i] = s.resolveParts(ctx, []*part{p})
		}
		if errs[i] == nil {
			errs[i] = s.keeper.finish(ctx, p.batch)
		}
		if errs[i] == nil {
			errs[i] = verdict(p.refused, p.invalid)
		}
	}
	return errs
}

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
	var seen looked
	return func(ctx context.Context) error {
		_, err := s.lookOnce(ctx, l, &seen)
		return err
	}
}

// Flush publishes what is pending.
func (s *Service) Flush(ctx context.Context) error { return s.flush(ctx) }

// PublishSome publishes what is pending of some portions, those whose bits are set.
func (s *Service) PublishSome(ctx context.Context, bits uint64) error {
	var of chosen
	for i := range of {
		of[i] = bits>>i&1 == 1
	}
	return s.publishAll(ctx, of)
}

// MayFlush reports whether no publication holds flushes back.
func (s *Service) MayFlush() bool {
	if !s.flushing.TryLock() {
		return false
	}
	s.flushing.Unlock()
	return true
}

// HoldFlush stands for a flush that is under way until it is ended.
func (s *Service) HoldFlush() (end func()) {
	s.flushing.Lock()
	return s.flushing.Unlock
}

// PublishDue publishes what is due now.
func (s *Service) PublishDue(ctx context.Context) error { return s.publishDue(ctx) }

// PublishUrgent publishes what should go out before its turn.
func (s *Service) PublishUrgent(ctx context.Context) error { return s.publishUrgent(ctx) }

// SetBehind says how many events wait.
func (s *Service) SetBehind(n int64) { s.behind = func() int64 { return n } }

// Through is the time up to which offsets may be committed.
func (s *Service) Through() time.Time { return s.through() }

// Learn takes in a daily key.
func (s *Service) Learn(w *eventpb.WrappedKey) error { return s.keys.Learn(w) }

// Told sets where it is read what was told on topics.
func (s *Service) Told(f func(ctx context.Context, topic string, lately time.Duration, fn func(stream.Record) error) error) {
	s.told = f
}
