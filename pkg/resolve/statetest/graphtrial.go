package statetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
)

// Trial checks that what a dry run tells is what the change of rules then does: people who merge, split and change their id, and how
// identifiers stand, as two recomputations differ; and that the dry run writes nothing.
func Trial(t testing.TB, state resolve.GraphState, space string, seed uint64) {
	t.Helper()
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(seed, 29))
	f := identitytest.History(rng, Large)
	g, err := resolve.NewGraph(state, f.Rules)
	if err != nil {
		t.Fatal(err)
	}
	if err := Feed(ctx, []*resolve.Graph{g}, space, f, rng); err != nil {
		t.Fatal(err)
	}
	written, err := lastVersion(ctx, state, space)
	if err != nil {
		t.Fatal(err)
	}
	rules := ChangedRules(rng, f)
	told := map[string]string{} // identifier -> its change of standing
	moved := map[string]bool{}
	got, err := g.Try(ctx, space, rules, f.Now, func(c identity.Change) error {
		for _, k := range c.Identifiers {
			if c.Kind == identity.ValueStands {
				told[k.Value] = c.Stood.String() + " " + c.Stands.String()
			} else if c.Kind != identity.ValueOversized {
				moved[k.Value] = true
			}
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if after, err := lastVersion(ctx, state, space); err != nil || after != written {
		t.Fatalf("seed %d: a dry run wrote: version %d, then %d, %v", seed, written, after, err)
	}
	before := identitytest.Ask(f).Answer()
	f.Rules = rules
	after := identitytest.Ask(f).Answer()
	if want := effect(before, after); want != fmt.Sprint(got.Identifiers, got.PeopleBefore, got.PeopleAfter, got.Merging, got.Splitting, got.Renamed) {
		t.Fatalf("seed %d: told %+v, recomputed %s", seed, got, want)
	}
	for v, standing := range standings(before, after) {
		if told[v] != standing {
			t.Fatalf("seed %d: %s is told as %q, want %q", seed, v, told[v], standing)
		}
		delete(told, v)
	}
	if len(told) > 0 {
		t.Fatalf("seed %d: told of standings that do not change: %v", seed, told)
	}
	for v, was := range namings(before) {
		if namings(after)[v] != was && !moved[v] {
			t.Fatalf("seed %d: %s moved and is in no change", seed, v)
		}
	}
}

func namings(a *identity.Answer) map[string]string {
	out := map[string]string{}
	for naming, members := range a.Profiles {
		for _, m := range members {
			out[m] = naming
		}
	}
	return out
}

func standings(a, b *identity.Answer) map[string]string {
	out := map[string]string{}
	of := func(x *identity.Answer, v string) string {
		if s := x.Nobody[v]; s != "" {
			return s
		}
		return identity.Clean.String()
	}
	for v := range namings(a) {
		if of(a, v) != of(b, v) {
			out[v] = of(a, v) + " " + of(b, v)
		}
	}
	return out
}

// effect counts by sets of members what a dry run counts by places.
func effect(a, b *identity.Answer) string {
	was, is := namings(a), namings(b)
	merging, splitting, renamed := 0, 0, 0
	for naming, members := range a.Profiles {
		parts, joins := map[string]bool{}, false
		for _, m := range members {
			parts[is[m]] = true
			joins = joins || slices.ContainsFunc(b.Profiles[is[m]], func(x string) bool { return was[x] != naming })
		}
		if len(parts) > 1 {
			splitting++
		}
		if joins {
			merging++
		}
		if len(parts) == 1 && !joins && is[members[0]] != naming {
			renamed++
		}
	}
	return fmt.Sprint(len(was), len(a.Profiles), len(b.Profiles), merging, splitting, renamed)
}
