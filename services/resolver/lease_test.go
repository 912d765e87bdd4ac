package resolver_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	"rcu/services/resolver"
)

// two are a publisher that works slowly, and another one who would take over as soon as he may.
type two struct {
	*world
	slow, other *worker
	began       int // how often the other one began to compare what was told
	looking     bool
}

func newTwo(t *testing.T, w *world) *two {
	t.Helper()
	x := &two{world: w, slow: w.start(), other: w.start()}
	w.now = w.now.Add(time.Minute) // the lease of the one before has run out
	x.other.service.Told(func(context.Context, string, time.Duration, func(stream.Record) error) error {
		x.began++
		return nil
	})
	return x
}

// passes lets time pass in the middle of what the slow one does, and the other one look.
func (x *two) passes(d time.Duration) {
	if x.looking {
		return
	}
	x.looking = true
	defer func() { x.looking = false }()
	x.now = x.now.Add(d)
	require.NoError(x.t, x.other.look(x.t.Context()))
}

// compares has the slow one compare what was told, each record of it for some time. It returns how long that took and whether the other one began, too.
func compares(t *testing.T, seed uint64, each time.Duration) (took time.Duration, began int) {
	t.Helper()
	w := newWorld(t, newHistory(t, seed, 60), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: seed, workers: 1})
	w.run()
	x := newTwo(t, w)
	x.slow.service.Told(func(_ context.Context, topic string, _ time.Duration, fn func(stream.Record) error) error {
		for _, r := range w.log.topics[topic] {
			x.passes(each)
			if err := fn(r); err != nil {
				return err
			}
		}
		return nil
	})
	start := w.now
	require.NoError(t, x.slow.look(t.Context()))
	return w.now.Sub(start), x.began
}

// Else the other one compares the same behind him, which takes as long, and so on in turn: nothing else is published meanwhile.
func TestLease_isKeptByWhoComparesForLonger(t *testing.T) {
	took, began := compares(t, 1, 150*time.Millisecond)
	require.Greater(t, took, 10*worldLease)
	require.Zero(t, began)
	resolver.Plant(t, resolver.Faults{LeaseForgotten: true})
	_, began = compares(t, 1, 150*time.Millisecond)
	require.Positive(t, began)
}

// drains has the slow one publish an outbox, for longer than a lease. It returns whether the other one began, too.
func drains(t *testing.T, seed uint64) (took time.Duration, began int) {
	t.Helper()
	w := newWorld(t, newHistory(t, seed, 600), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: seed, workers: 1})
	for p, x := range w.positions {
		require.True(t, w.placed(0, p))
		for x.next < int64(len(w.h.records[p])) {
			w.read(p)
		}
	}
	x := newTwo(t, w)
	x.slow.service.Told(nil)
	tick := w.chaos.tick
	calls := 0
	w.chaos.tick = func() {
		if calls++; calls > 2 { // it has read and taken the lease
			x.passes(10 * time.Millisecond)
		}
	}
	start := w.now
	require.NoError(t, x.slow.look(t.Context()))
	took = w.now.Sub(start)
	w.chaos.tick = tick
	return took, x.began
}

func TestLease_isKeptByWhoDrainsForLonger(t *testing.T) {
	took, began := drains(t, 1)
	require.Greater(t, took, worldLease)
	require.Zero(t, began)
	resolver.Plant(t, resolver.Faults{LeaseForgotten: true})
	_, began = drains(t, 1)
	require.Positive(t, began)
}

// Who paused for longer than a lease leaves the rest to the one who took over.
func TestLease_thatWasTakenOverIsLeft(t *testing.T) {
	took, began := compares(t, 1, 2*worldLease)
	require.Less(t, took, 3*worldLease, "it ends with the first record that it looks at")
	require.Positive(t, began)
}

// The end of a lease is a time of the clock of whoever took it. Where that was set back since, a resolver that was killed would keep the next one from
// publishing for as long.
func TestLease_ofOneThatWasKilledEndsAlsoWhereTheClockWasSetBack(t *testing.T) {
	w := newWorld(t, newHistory(t, 1, 60), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	w.run()
	w.now = w.now.Add(time.Minute)
	require.NoError(t, w.start().look(t.Context())) // and is killed
	w.now = w.now.Add(-time.Hour)
	began := map[*worker]int{}
	start := func() *worker {
		x := w.start()
		x.service.Told(func(context.Context, string, time.Duration, func(stream.Record) error) error {
			began[x]++
			return nil
		})
		return x
	}
	next := start()
	require.NoError(t, next.look(t.Context()))
	w.now = w.now.Add(worldLease * 2 / 3)
	require.NoError(t, next.look(t.Context()))
	require.Zero(t, began[next], "it may live")
	w.now = w.now.Add(worldLease * 2 / 3)
	require.NoError(t, next.look(t.Context()))
	require.Positive(t, began[next])

	other := start()
	for range 10 {
		require.NoError(t, other.look(t.Context()))
		w.now = w.now.Add(worldLease * 2 / 3)
		require.NoError(t, next.look(t.Context()), "it renews its lease")
	}
	require.Zero(t, began[other], "the lease of one that lives was taken")
}
