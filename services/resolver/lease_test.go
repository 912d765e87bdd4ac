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
	x.other.service.Told(beginning{x.other.log, &x.began}, time.Hour, 1000, 1000)
	return x
}

// beginning counts how often somebody begins to read what was told.
type beginning struct {
	*memoryLog
	times *int
}

func (b beginning) Partitions(context.Context, string) (int, error) {
	*b.times++
	return 1, nil
}

func (b beginning) Bounds(context.Context, string, ...int) (map[int]stream.Bounds, error) {
	return nil, nil
}

// slowly lets time pass with each record that is read.
type slowly struct {
	*memoryLog
	passes func()
}

func (l slowly) ReadFrom(ctx context.Context, topic string, partition int, from int64, fn func(stream.Record) error) error {
	return l.memoryLog.ReadFrom(ctx, topic, partition, from, func(r stream.Record) error {
		l.passes()
		return fn(r)
	})
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

// compares has the slow one compare what was told, each record of it for some time, in slices of so long. It returns how long that took and how often the
// other one began, too.
func compares(t *testing.T, seed uint64, each, slice time.Duration) (took time.Duration, began int) {
	t.Helper()
	w := newWorld(t, newHistory(t, seed, 60), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: seed, workers: 1})
	w.run()
	x := newTwo(t, w)
	x.slow.service.Told(slowly{x.slow.log, func() { x.passes(each) }}, slice, 1, 100)
	start := w.now
	for range 10_000 {
		require.NoError(t, x.slow.look(t.Context()))
		require.NoError(t, x.slow.service.Flush(t.Context()))
		if x.slow.whole || x.began > 0 {
			break
		}
	}
	return w.now.Sub(start), x.began
}

// Else the other one compares the same behind him, which takes as long, and so on in turn.
func TestLease_isKeptByWhoComparesForLonger(t *testing.T) {
	took, began := compares(t, 1, 75*time.Millisecond, 100*time.Millisecond)
	require.Greater(t, took, 10*worldLease)
	require.Zero(t, began)
	_, began = compares(t, 1, 75*time.Millisecond, time.Hour)
	require.Positive(t, began, "without slices")
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
	x.slow.service.Told(nil, 0, 0, 0)
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
	took, began := compares(t, 1, 2*worldLease, 0)
	require.Less(t, took, 5*worldLease)
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
	began := map[*worker]*int{}
	start := func() *worker {
		x := w.start()
		began[x] = new(int)
		x.service.Told(beginning{x.log, began[x]}, time.Hour, 1000, 1000)
		return x
	}
	next := start()
	require.NoError(t, next.look(t.Context()))
	w.now = w.now.Add(worldLease * 2 / 3)
	require.NoError(t, next.look(t.Context()))
	require.Zero(t, *began[next], "it may live")
	w.now = w.now.Add(worldLease * 2 / 3)
	require.NoError(t, next.look(t.Context()))
	require.Positive(t, *began[next])

	other := start()
	for range 10 {
		require.NoError(t, other.look(t.Context()))
		w.now = w.now.Add(worldLease * 2 / 3)
		require.NoError(t, next.look(t.Context()), "it renews its lease")
	}
	require.Zero(t, *began[other], "the lease of one that lives was taken")
}
