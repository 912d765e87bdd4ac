package statetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
)

// NeverMixed checks that from the moment rules are in force every answer is wholly theirs, however little of the store was judged by
// them: after each small step of the walk, every identifier asked alone answers as a recomputation does.
func NeverMixed(t testing.TB, state resolve.GraphState, space string, seed uint64) {
	t.Helper()
	if diff := Mixed(t, state, space, seed); diff != "" {
		t.Fatalf("seed %d: %s", seed, diff)
	}
}

// Mixed is NeverMixed for those who expect a fault: it returns the first answer that differs.
func Mixed(t testing.TB, state resolve.GraphState, space string, seed uint64) string {
	t.Helper()
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(seed, 23))
	f := identitytest.History(rng, Large)
	after := ChangedRules(rng, f)
	g, err := resolve.NewGraph(state, f.Rules)
	if err != nil {
		t.Fatal(err)
	}
	if err := Feed(ctx, []*resolve.Graph{g}, space, f, rng); err != nil {
		t.Fatal(err)
	}
	if err := g.SetRules(ctx, space, after, f.Now); err != nil {
		t.Fatal(err)
	}
	f.Rules = after
	want := identitytest.Ask(f).Answer()
	for cursor := ""; ; {
		if diff := differsAlone(ctx, g, space, f, want); diff != "" {
			return diff
		}
		next, err := g.Rejudge(ctx, space, cursor, 2, f.Now)
		if err != nil {
			t.Fatal(err)
		}
		if cursor = next; cursor == "" {
			return differsAlone(ctx, g, space, f, want)
		}
	}
}

// ChangedRules returns other rules that a store with the history's may take over.
func ChangedRules(rng *rand.Rand, f *identity.Facts) identity.Rules {
	after := identitytest.RandomRules(rng)
	after.MaxDegree, after.MaxNames = f.Rules.MaxDegree, f.Rules.MaxNames // fixed for the life of a store
	after.BlockedPatterns, after.AutoLink = identitytest.RandomPatterns(rng), identitytest.RandomAutoLink(rng)
	return after
}

// differsAlone asks for every identifier alone.
func differsAlone(ctx context.Context, g *resolve.Graph, space string, f *identity.Facts, want *identity.Answer) string {
	group := map[string]string{}
	for naming, members := range want.Profiles {
		for _, m := range members {
			group[m] = naming
		}
	}
	for _, k := range Keys(f) {
		view, err := g.View(ctx, space, []identifier.Key{k}, f.Now)
		if err != nil {
			return err.Error()
		}
		naming, known := group[k.Value]
		if !known {
			continue
		}
		standing := want.Nobody[k.Value]
		if standing == "" {
			standing = identity.Clean.String()
		}
		var members []string
		for _, m := range view.Profile(k).Members {
			members = append(members, m.Value)
		}
		slices.Sort(members)
		if got := view.Standing(k).String(); got != standing || view.Naming(k).Value != naming || !slices.Equal(members, want.Profiles[naming]) {
			return fmt.Sprintf("%s is %s in %s %v, want %s in %s %v", k.Value, got, view.Naming(k).Value, members, standing, naming, want.Profiles[naming])
		}
	}
	return ""
}
