package statetest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
)

// RulesChange checks that a change of rules in the middle of a history, judged in small steps while facts still come, gives
// what the new rules give for all of it.
func RulesChange(t testing.TB, state resolve.GraphState, space string, seed uint64) {
	t.Helper()
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(seed, 13))
	o := Large
	o.Months = seed%2 == 1
	f := identitytest.History(rng, o)
	after := ChangedRules(rng, f)
	graphs := make([]*resolve.Graph, 3)
	for i := range graphs {
		g, err := resolve.NewGraph(state, f.Rules)
		if err != nil {
			t.Fatal(err)
		}
		graphs[i] = g
	}
	half := *f
	half.Events = f.Events[:len(f.Events)/2]
	if err := Feed(ctx, graphs, space, &half, rng); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if err := graphs[0].SetRules(ctx, space, after, f.Now); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	rest := *f
	rest.Events = f.Events[len(f.Events)/2:]
	done := make(chan error, 1)
	go func() { done <- Feed(ctx, graphs[1:], space, &rest, rng) }()
	for cursor := ""; ; {
		next, err := graphs[0].Rejudge(ctx, space, cursor, 3, f.Now)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if err := <-done; err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if err := SweepAll(ctx, graphs[0], space, f.Now); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	f.Rules = after
	if diff := Differs(ctx, graphs[0], space, f, true); diff != "" {
		t.Fatalf("seed %d, rules changed (-want +got): %s", seed, diff)
	}
	steady(t, state, graphs[0], space, f, seed)
}

// Reversible checks that a ban that is learned last parts the two, and that once it is lifted all is as without it.
func Reversible(t testing.TB, state resolve.GraphState, space string, seed uint64) {
	t.Helper()
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(seed, 19))
	f := identitytest.History(rng, identitytest.Small)
	f.Acts = nil
	g, err := resolve.NewGraph(state, f.Rules)
	if err != nil {
		t.Fatal(err)
	}
	if err := Feed(ctx, []*resolve.Graph{g}, space, f, rng); err != nil {
		t.Fatal(err)
	}
	before, _, err := Answer(ctx, g, space, f)
	if err != nil {
		t.Fatal(err)
	}
	view, err := g.View(ctx, space, Keys(f), f.Now)
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range Keys(f) {
		members := view.Profile(k).Members
		if len(members) < 2 {
			continue
		}
		for n, op := range []identity.Op{identity.Ban, identity.Clear} {
			act := &identity.Act{ID: fmt.Sprint("z", i, n), T: 1<<40 + int64(2*i+n), Op: op, A: members[0], B: members[1]}
			now, err := g.Apply(ctx, space, []identity.Fact{act}, nil, f.Now)
			if err != nil {
				t.Fatal(err)
			}
			if op == identity.Ban && now.Naming(members[0]) == now.Naming(members[1]) {
				t.Fatalf("seed %d: %v and %v are banned and one person", seed, members[0], members[1])
			}
		}
	}
	if err := SweepAll(ctx, g, space, f.Now); err != nil {
		t.Fatal(err)
	}
	after, _, err := Answer(ctx, g, space, f)
	if err != nil {
		t.Fatal(err)
	}
	before.Edges, after.Edges = nil, nil // a refused edge that an act spoke of is kept by a full end too
	if diff := cmp.Diff(before, after); diff != "" {
		t.Fatalf("seed %d, lifted bans leave a trace: %s", seed, diff)
	}
}

// Prefixes checks after every fact of a history, with a clock that goes on, that every identifier resolves to the profile
// that holds it, that views agree with a recomputation of the facts so far, and that stored records keep their bounds.
func Prefixes(t testing.TB, state resolve.GraphState, space string, seed uint64) {
	t.Helper()
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(seed, 17))
	o, pace := identitytest.Small, int64(100_000)
	if seed%2 == 1 {
		o, pace = identitytest.Months, 3_000_000
	}
	f := identitytest.History(rng, o)
	g, err := resolve.NewGraph(state, f.Rules)
	if err != nil {
		t.Fatal(err)
	}
	facts := identitytest.All(f)
	rng.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
	amounts := map[string]int64{}
	for _, e := range f.Events {
		amounts[e.ID] = e.Amount
	}
	so := identity.Facts{Rules: f.Rules}
	for _, fact := range facts {
		switch x := fact.(type) {
		case *identity.Event:
			so.Events = append(so.Events, identity.SolveEvent{Event: x, Amount: amounts[x.ID]})
		case *identity.Decision:
			so.Decisions = append(so.Decisions, x)
		case *identity.Act:
			so.Acts = append(so.Acts, x)
		case *identity.Match:
			so.Matches = append(so.Matches, x)
		}
		so.Now += rng.Int64N(pace)
		if _, err := g.Apply(ctx, space, []identity.Fact{fact}, nil, so.Now); err != nil {
			t.Fatal(err)
		}
		swept := rng.IntN(3) == 0
		if swept {
			if err := SweepAll(ctx, g, space, so.Now); err != nil {
				t.Fatal(err)
			}
		}
		if diff := Differs(ctx, g, space, &so, swept); diff != "" {
			t.Fatalf("seed %d, after %d facts (-want +got): %s", seed, len(so.Events)+len(so.Decisions)+len(so.Acts), diff)
		}
		bounded(t, g, space, &so)
	}
}

// bounded checks laws 3 and 10.
func bounded(t testing.TB, g *resolve.Graph, space string, f *identity.Facts) {
	t.Helper()
	view, err := g.View(t.Context(), space, Keys(f), f.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range Keys(f) {
		name := view.Naming(k)
		if got := view.Naming(name); got != name {
			t.Fatalf("%v is named %v, which is named %v", k, name, got)
		}
		if n := len(view.Profile(k).Members); n > f.Rules.MaxNodes {
			t.Fatalf("a profile of %d identifiers", n)
		}
	}
}
