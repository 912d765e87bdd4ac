package statetest

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
)

// Erased checks that nothing that was told of a person is stored once they are erased, and that what is left of everybody else agrees with itself.
func Erased(t testing.TB, state resolve.GraphState, space string, seed uint64) {
	t.Helper()
	if said := NotErased(t, state, space, seed); said != "" {
		t.Fatalf("seed %d: %s", seed, said)
	}
}

// NotErased says what is wrong with an erasure; nothing where all is well.
func NotErased(t testing.TB, state resolve.GraphState, space string, seed uint64) string {
	t.Helper()
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(seed, 41))
	f := identitytest.History(rng, []identitytest.Options{identitytest.Small, Large}[seed%2])
	g, err := resolve.NewGraph(state, f.Rules)
	must(t, err)
	must(t, Feed(ctx, []*resolve.Graph{g}, space, f, rng))
	must(t, SweepAll(ctx, g, space, f.Now))
	gone := somebody(t, g, space, f, rng)
	must(t, g.Erase(ctx, space, gone, f.Now))
	exportAgrees(t, g, space, f, seed, true)
	left, err := g.Stored(ctx, space, gone, f.Now)
	must(t, err)
	oracle, many := identitytest.Ask(f), likeManyOf(t, f)
	for _, k := range gone {
		own := 0 // of a hub its record says that it is one
		if oracle.Full(k.Value) || many[k] {
			own = 1
		}
		switch {
		case slices.Contains(left, k):
			return "something is stored of an identifier that was erased"
		case !decided(f, k) && namedIn(t, state, space, k) > own:
			return "a record names an identifier that was erased"
		}
	}
	_, before, err := g.OutboxEnds(ctx, space)
	must(t, err)
	must(t, g.Erase(ctx, space, gone, f.Now))
	_, after, err := g.OutboxEnds(ctx, space)
	must(t, err)
	if after != before {
		return "erasing again writes"
	}
	return ""
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// somebody picks all identifiers of a person.
func somebody(t testing.TB, g *resolve.Graph, space string, f *identity.Facts, rng *rand.Rand) []identifier.Key {
	t.Helper()
	keys := Keys(f)
	view, err := g.View(t.Context(), space, keys, f.Now)
	if err != nil {
		t.Fatal(err)
	}
	return view.Profile(keys[rng.IntN(len(keys))]).Members
}

func likeManyOf(t testing.TB, f *identity.Facts) map[identifier.Key]bool {
	t.Helper()
	k, err := identity.NewKernel(f.Rules)
	if err != nil {
		t.Fatal(err)
	}
	return likeMany(k, f)
}

// decided reports whether the person decided about an identifier, or a steward did: then it keeps a record.
func decided(f *identity.Facts, k identifier.Key) bool {
	return slices.ContainsFunc(f.Decisions, func(d *identity.Decision) bool { return d.Point == k }) ||
		slices.ContainsFunc(f.Acts, func(a *identity.Act) bool { return a.A == k || a.B == k })
}

// namedIn counts the records of a space that hold the value of an identifier.
func namedIn(t testing.TB, state resolve.GraphState, space string, k identifier.Key) int {
	t.Helper()
	in := map[resolve.ComponentKey]bool{} // a walk may come by twice
	for cursor := ""; ; {
		keys, next, err := state.ScanComponents(t.Context(), space, cursor, 100)
		if err != nil {
			t.Fatal(err)
		}
		s, err := state.LoadComponents(t.Context(), space, keys)
		if err != nil {
			t.Fatal(err)
		}
		for c, packed := range s.Records {
			if strings.Contains(packed, k.Value) {
				in[c] = true
			}
		}
		if cursor = next; cursor == "" {
			return len(in)
		}
	}
}
