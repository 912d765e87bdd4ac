package resolve_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	. "rcu/pkg/identity/identitytest" //nolint:revive // stories read as sentences
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/statetest"
)

// amidst lets something happen before the second read of a plan, once.
type amidst struct {
	resolve.GraphState
	reads  int
	happen func()
}

func (a *amidst) LoadGraph(ctx context.Context, space string, keys []identifier.Key) (resolve.GraphSnapshot, error) {
	if a.reads++; a.reads == 2 {
		a.happen()
	}
	return a.GraphState.LoadGraph(ctx, space, keys)
}

// tornRead has a worker read the record of K1, and, after another one has found an earlier sighting of K1 and K2, that of K2, which it
// writes because a phone beside K2 is released. It returns what then is not as the facts say; "" if nothing.
func tornRead(t *testing.T) string {
	t.Helper()
	state := statemem.NewGraph()
	before := story().Core(20, "K1 K2").Core(21, "K1 y1").Core(22, "K2 p").Act(23, identity.Quarantine, "p")
	whole := story().Core(20, "K1 K2").Core(21, "K1 y1").Core(22, "K2 p").Act(23, identity.Quarantine, "p").
		Act(24, identity.Release, "p").Core(10, "K1 K2").At(50)
	other := graphOf(t, state, whole)
	apply(t, other, before, 30)
	facts := All(whole.Facts())
	late := facts[3] // the earlier sighting: events come first
	torn := &amidst{GraphState: state, happen: func() {
		_, err := other.Apply(t.Context(), space, []identity.Fact{late}, nil, 30)
		require.NoError(t, err)
	}}
	worker, err := resolve.NewGraph(torn, whole.Facts().Rules)
	require.NoError(t, err)
	known, release := facts[1], facts[len(facts)-1]
	_, err = worker.Apply(t.Context(), space, []identity.Fact{known, release}, nil, 30)
	require.NoError(t, err)
	require.GreaterOrEqual(t, torn.reads, 2, "the plan reads twice")
	agree(t, other, whole)
	return statetest.ToldOtherwise(t.Context(), other, space, whole.Facts())
}

func TestCounterexample35_WhatTwoReadsTellDifferentlyIsNotWritten(t *testing.T) {
	require.Empty(t, tornRead(t))
	resolve.WriteWhatWasReadFirst(t)
	require.NotEmpty(t, tornRead(t))
}

// absentRead has a worker look at an account that nobody knows, and, after another one has seen it with a browser and put it aside, judge
// the evidence of the two, because the browser's grant has expired. It returns what then is not as the facts say; "" if nothing.
func absentRead(t *testing.T) string {
	t.Helper()
	state := statemem.NewGraph()
	begin := func() *Story {
		return story().Grant(1, "c", 10).Core(2, "p c").Act(3, identity.Quarantine, "p")
	}
	whole := begin().Page(4, "c U", 1).Act(5, identity.Quarantine, "U").Core(6, "U").Act(7, identity.Release, "p").At(12)
	other := graphOf(t, state, whole)
	apply(t, other, begin(), 5)
	facts := All(whole.Facts()) // events, decisions, acts
	page, alone, aside, release := facts[1], facts[2], facts[5], facts[6]
	torn := &amidst{GraphState: state, happen: func() {
		_, err := other.Apply(t.Context(), space, []identity.Fact{page, aside}, nil, 5)
		require.NoError(t, err)
	}}
	worker, err := resolve.NewGraph(torn, whole.Facts().Rules)
	require.NoError(t, err)
	_, err = worker.Apply(t.Context(), space, []identity.Fact{alone, release}, nil, 12)
	require.NoError(t, err)
	require.GreaterOrEqual(t, torn.reads, 2, "the plan reads twice")
	require.NoError(t, statetest.SweepAll(t.Context(), other, space, 12))
	return statetest.ToldOtherwise(t.Context(), other, space, whole.Facts()) + statetest.Differs(t.Context(), other, space, whole.Facts(), true)
}

func TestCounterexample36_WhoWasAbsentIsLookedAtAgain(t *testing.T) {
	require.Empty(t, absentRead(t))
	resolve.LookAtTheAbsentUnchecked(t)
	require.NotEmpty(t, absentRead(t))
}

// TestUnequalRecords_areMended: a store that was left with two states of one edge has one again once somebody reads both.
func TestUnequalRecords_areMended(t *testing.T) {
	state := statemem.NewGraph()
	s := story().Core(20, "K1 K2").Core(10, "K1 K2").At(50)
	g := graphOf(t, state, s)
	apply(t, g, story().Core(20, "K1 K2"), 30)
	old, err := state.LoadGraph(t.Context(), space, []identifier.Key{K("K2")})
	require.NoError(t, err)
	apply(t, g, s, 30)
	loaded := statemem.NewGraph()
	restore(t, state, loaded, old)
	damaged := graphOf(t, loaded, s)
	require.NotEmpty(t, statetest.ToldOtherwise(t.Context(), damaged, space, s.Facts()))
	apply(t, damaged, s, 50)
	require.Empty(t, statetest.ToldOtherwise(t.Context(), damaged, space, s.Facts()))
}

// restore fills a store with the records of another, but for those in old, which are as they were, and those that are lost.
func restore(t *testing.T, from resolve.GraphState, to resolve.GraphLoader, old resolve.GraphSnapshot, lost ...resolve.GraphSnapshot) {
	t.Helper()
	keys, _, err := from.ScanComponents(t.Context(), space, "", 100)
	require.NoError(t, err)
	all, err := from.LoadComponents(t.Context(), space, keys)
	require.NoError(t, err)
	var records []resolve.StoredRecord
	for c, value := range all.Records {
		if slices.ContainsFunc(lost, func(s resolve.GraphSnapshot) bool { return s.Records[c] != "" }) {
			continue
		}
		if earlier, there := old.Records[c]; there {
			value = earlier
		}
		records = append(records, resolve.StoredRecord{Component: c, Value: []byte(value)})
	}
	require.NoError(t, to.PutRecords(t.Context(), space, records))
	require.NoError(t, to.PutGraphMeta(t.Context(), space, resolve.GraphMeta{Version: 100}))
	require.NoError(t, resolve.FinishLoad(t.Context(), to, space, nil))
}

// halfKept has a store lose the record of one end of an edge, and all facts come again. It returns what then is not as they say; "" if nothing.
func halfKept(t *testing.T, lost string) string {
	t.Helper()
	state, s := statemem.NewGraph(), story().Core(20, "K1 m1").Core(21, "K2 m1").Core(22, "K2 m2").At(50)
	g := graphOf(t, state, s)
	apply(t, g, s, 50)
	of, err := state.LoadGraph(t.Context(), space, []identifier.Key{K(lost)})
	require.NoError(t, err)
	require.Len(t, of.Records, 1)
	loaded := statemem.NewGraph()
	restore(t, state, loaded, resolve.GraphSnapshot{Records: map[resolve.ComponentKey]string{}}, of)
	damaged := graphOf(t, loaded, s)
	apply(t, damaged, s, 50)
	return statetest.ToldOtherwise(t.Context(), damaged, space, s.Facts()) + statetest.Differs(t.Context(), damaged, space, s.Facts(), true)
}

// What a store lost of one end comes back with the facts, also the edges that the other end still holds.
func TestWhatOneEndLostComesBack(t *testing.T) {
	for _, lost := range []string{"m1", "K1", "K2"} {
		require.Empty(t, halfKept(t, lost), lost)
	}
}
