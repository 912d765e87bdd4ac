// Package whole keeps services from permitting anything on what Redis shows while it may lack something that people decided.
//
// A Redis that was lost and is being filled, or that came back without its last seconds (its file is written once a second, a replica that takes over may
// lag), shows what was granted and not yet what was refused since. Decisions are on Kafka before they are answered, and the resolver reads those again
// that its markers miss. So a server is believed in the run in which it was found whole: where it is in another one, nothing is permitted until the markers of
// all nodes stand where the topics of decisions ended then.
package whole

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
)

// ErrBehind says that Redis may lack decisions that were answered.
var ErrBehind = errors.New("redis started again, or another one took over, and the resolver has not read again all decisions that it may lack")

// every is how often a guard looks where the store is not known to be whole.
const every = 100 * time.Millisecond

// State is what Redis tells of itself; *stateredis.Markers.
type State interface {
	Epoch() uint64
	Whole(ctx context.Context) error
	Runs(ctx context.Context) ([]stateredis.Run, error)
	FoundWhole(ctx context.Context, runs []stateredis.Run) error
	LoadMarkers(ctx context.Context, keys []resolve.MarkerKey) ([]resolve.NodeMarkers, error)
}

// Deps are what a guard needs.
type Deps struct {
	Log   *zap.Logger
	State State
	Kafka Topics
	Group string // of the resolver, whose markers tell what stands in Redis
}

// Guard knows in which epoch of the store it was found whole. Safe for concurrent use.
type Guard struct {
	deps  Deps
	found atomic.Uint64 // one more than that epoch

	mu   sync.Mutex
	runs []stateredis.Run // of which ends is asked
	ends []end            // of what was decided, when they were met
}

// New returns a guard that has found nothing yet. It does no I/O.
func New(d Deps) *Guard { return &Guard{deps: d} }

// Bind fails unless the store is whole now. What is read under the context that it returns comes from that state: a call fails with
// resolve.ErrStateMoved once another server was met. Whoever permits something asks again behind: a state can be deleted while it is read.
func (g *Guard) Bind(ctx context.Context) (context.Context, error) {
	epoch := g.deps.State.Epoch()
	if before, bound := resolve.PlannedOn(ctx); bound && before != epoch {
		return ctx, resolve.ErrStateMoved
	}
	if faults.anyEpoch {
		return ctx, g.deps.State.Whole(ctx) //nolint:wrapcheck // says all
	}
	bound := resolve.Planned(ctx, epoch)
	if err := g.deps.State.Whole(bound); err != nil {
		return ctx, err //nolint:wrapcheck // says all
	}
	if g.found.Load() != epoch+1 {
		return ctx, ErrBehind
	}
	return bound, nil
}

// Run looks until ctx ends, wherever another server was met.
func (g *Guard) Run(ctx context.Context) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for waits := false; ; {
		err := g.Look(ctx)
		switch behind := errors.Is(err, ErrBehind); {
		case behind && !waits:
			g.deps.Log.Warn("nothing is permitted yet", zap.Error(err))
			waits = true
		case err == nil && waits:
			g.deps.Log.Info("redis holds again what was decided")
			waits = false
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Look finds out whether the store is whole, unless that is known of this epoch. What one process has found holds for all of them as long as the servers are
// in the same runs.
func (g *Guard) Look(ctx context.Context) error {
	epoch := g.deps.State.Epoch()
	if g.found.Load() == epoch+1 {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	ctx = resolve.Planned(ctx, epoch)
	if err := g.deps.State.Whole(ctx); err != nil {
		return err //nolint:wrapcheck // says all
	}
	runs, err := g.deps.State.Runs(ctx)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	if slices.ContainsFunc(runs, func(r stateredis.Run) bool { return !r.Whole && !faults.anyRun }) {
		if err := g.caughtUp(ctx, runs); err != nil {
			return err
		}
		if err := g.deps.State.FoundWhole(ctx, runs); err != nil {
			return err //nolint:wrapcheck // says all
		}
	}
	g.found.Store(epoch + 1)
	return nil
}

// caughtUp fails unless the markers on every node stand where the topics ended when these runs were met. Whatever was answered before a run began lies below;
// what is decided since stands already where it was written.
func (g *Guard) caughtUp(ctx context.Context, runs []stateredis.Run) error {
	if g.ends == nil || !slices.Equal(runs, g.runs) {
		ends, err := endsOf(ctx, g.deps.Kafka, g.deps.Group)
		if err != nil {
			return err
		}
		g.runs, g.ends = runs, ends
	}
	keys := make([]resolve.MarkerKey, len(g.ends))
	for i, e := range g.ends {
		keys[i] = e.key
	}
	nodes, err := g.deps.State.LoadMarkers(ctx, keys)
	if err != nil {
		return err //nolint:wrapcheck // says all
	}
	for n := range nodes {
		for i, e := range g.ends {
			if next, known := nodes[n].Of(i, e.logID); e.held && (!known || next < e.next) {
				return ErrBehind
			}
		}
	}
	return nil
}
