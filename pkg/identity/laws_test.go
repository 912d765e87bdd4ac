package identity_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/testkit"
)

func historyOf(t *rapid.T) *identity.Facts {
	seed := rapid.Uint64().Draw(t, "seed")
	return identitytest.History(rand.New(rand.NewPCG(seed, 5)), identitytest.Small)
}

func solve(t *rapid.T, f *identity.Facts) *identity.Answer {
	a, err := f.Solve()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Law 1 for the kernel; resolve has it for batches, workers and stores.
func TestLawConfluence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := identitytest.History(draws{t}, identitytest.Small)
		if diff := compareAnswers(solve(t, f), identitytest.Ask(f)); diff != "" {
			t.Fatalf("(-oracle +solve): %s", diff)
		}
	})
}

// The same through the exchange format, its lines in any order and repeated.
func TestLawExchangeLinesInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := historyOf(t)
		f.Rules.BlockedPatterns = nil // they match plain values, whatever a collector stamped
		want := solve(t, f)
		lines := exchange(f)
		lines = append(lines, lines[:len(lines)/2]...)
		seed := rapid.Uint64().Draw(t, "order")
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		got, err := identity.Solve(strings.NewReader(strings.Join(lines, "\n")), nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Law 4.
func TestLawLawful(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := historyOf(t)
		f.Acts = slices.DeleteFunc(f.Acts, func(a *identity.Act) bool { return a.Op == identity.Together })
		a := solve(t, f)
		for _, members := range a.Profiles {
			unique := map[string]bool{}
			for _, m := range members {
				ns, _, _ := strings.Cut(m, ":")
				if r := f.Rules.Namespaces[identitytest.Namespace(ns)]; r.Unique && unique[ns] {
					t.Fatalf("two values of a unique namespace in %v", members)
				}
				unique[ns] = true
			}
			for pair, outcome := range a.Edges {
				x, y, _ := strings.Cut(pair, "|")
				inside := slices.Contains(members, x) && slices.Contains(members, y)
				switch {
				case inside && fromPartition(outcome):
					t.Fatalf("edge %s inside a group is %s", pair, outcome)
				case inside && outcome == "refused:banned":
					t.Fatalf("banned pair %s is one person", pair)
				case !inside && (outcome == "joined" || outcome == "confirms") && (slices.Contains(members, x) || slices.Contains(members, y)):
					t.Fatalf("edge %s is %s between two groups", pair, outcome)
				}
			}
		}
	})
}

func fromPartition(outcome string) bool {
	return slices.Contains([]string{"refused:unique", "refused:limit", "refused:ban", "refused:person"}, outcome)
}

// Law 5: the two are parted for good, and after `clear` all is as if the ban had never been.
func TestLawReversible(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := historyOf(t)
		before := solve(t, f)
		for _, members := range before.Profiles {
			if len(members) < 2 {
				continue
			}
			a, b := identitytest.KeyOf(members[0]), identitytest.KeyOf(members[1])
			pairActs := slices.ContainsFunc(f.Acts, func(x *identity.Act) bool { return x.A == a && x.B == b })
			if pairActs {
				continue
			}
			banned := *f
			banned.Acts = append(slices.Clone(f.Acts), &identity.Act{ID: "z1", T: 1 << 40, Op: identity.Ban, A: a, B: b})
			for _, group := range solve(t, &banned).Profiles {
				if slices.Contains(group, a.Value) && slices.Contains(group, b.Value) {
					t.Fatalf("%v and %v are banned and one person", a, b)
				}
			}
			banned.Acts = append(banned.Acts, &identity.Act{ID: "z2", T: 1<<40 + 1, Op: identity.Clear, A: a, B: b})
			after := solve(t, &banned)
			if diff := cmp.Diff(before, after); diff != "" {
				t.Fatalf("a lifted ban leaves a trace: %s", diff)
			}
		}
	})
}

// Law 8.
func TestLawConserved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := historyOf(t)
		k, err := identity.NewKernel(f.Rules)
		if err != nil {
			t.Fatal(err)
		}
		events, amount := 0, int64(0)
		for _, e := range f.Events {
			if !k.LeafOf(e.Event).IsZero() {
				events, amount = events+1, amount+e.Amount
			}
		}
		for _, fold := range solve(t, f).Folds {
			events, amount = events-fold.Events, amount-fold.Amount
		}
		if events != 0 || amount != 0 {
			t.Fatalf("%d events and an amount of %d are nobody's or twice", events, amount)
		}
	})
}

// Law 9: browsing is shown only under a grant then and now, with no denial in between.
func TestLawPermission(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := historyOf(t)
		closed := *f
		closed.Decisions = slices.DeleteFunc(slices.Clone(f.Decisions), func(d *identity.Decision) bool {
			return d.Purpose == identity.UnifyBehaviour && d.Dec == 1
		})
		for name := range solve(t, &closed).Folds {
			owner := identitytest.KeyOf(strings.TrimPrefix(name, "anonymous:"))
			if strings.HasPrefix(name, "anonymous:") || !f.Rules.Namespaces[owner.Namespace].Device {
				continue
			}
			for _, e := range closed.Events {
				if e.Behaviour && slices.Contains(e.Keys, owner) && ownedBrowsing(&closed, e, name) {
					t.Fatalf("browsing of %s is shown without any grant", name)
				}
			}
		}
	})
}

func ownedBrowsing(f *identity.Facts, e identity.SolveEvent, name string) bool {
	k, _ := identity.NewKernel(f.Rules)
	l := k.LeafOf(e.Event)
	return l.Device.Value != "" && identitytest.Ask(f).Owner(l) == name
}

// Law 11: references join nobody and part nobody.
func TestLawReferences(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := historyOf(t)
		without := *f
		without.Events = nil
		for _, e := range f.Events {
			bare := *e.Event
			bare.Keys, bare.Stamps = nil, nil
			for i, k := range e.Keys {
				if !f.Rules.Namespaces[k.Namespace].Ref {
					bare.Keys, bare.Stamps = append(bare.Keys, k), append(bare.Stamps, e.Stamps[i])
				}
			}
			without.Events = append(without.Events, identity.SolveEvent{Event: &bare, Amount: e.Amount})
		}
		a, b := solve(t, f), solve(t, &without)
		if diff := cmp.Diff([]any{a.Profiles, a.Edges, a.Nobody}, []any{b.Profiles, b.Edges, b.Nobody}); diff != "" {
			t.Fatal(diff)
		}
	})
}

// exchange writes a history as lines.
func exchange(f *identity.Facts) []string {
	var out []string
	add := func(v map[string]any) {
		var b bytes.Buffer
		if err := json.NewEncoder(&b).Encode(v); err != nil {
			panic(err)
		}
		out = append(out, strings.TrimSpace(b.String()))
	}
	add(map[string]any{"kind": "rules", "rules": f.Rules})
	add(map[string]any{"kind": "now", "t": f.Now})
	for _, e := range f.Events {
		ids, stamps, matches := []string{}, map[string]int64{}, map[string][]string{}
		for i, k := range e.Keys {
			ids, stamps[k.Value] = append(ids, k.Value), e.Stamps[i]
			if i < len(e.Matches) {
				for _, id := range e.Matches[i] {
					matches[k.Value] = append(matches[k.Value], fmt.Sprintf("%016x", uint64(id)))
				}
			}
		}
		class := "core"
		if e.Behaviour {
			class = "behaviour"
		}
		add(map[string]any{
			"kind": "event", "id": e.ID, "t": e.T, "ids": ids, "class": class, "stated": e.Stated, "shared": e.Shared, "stamps": stamps, "matches": matches,
			"claim": map[string]any{"g": e.Claim.Given, "f": e.Claim.Family, "b": e.Claim.Birth}, "amount": e.Amount,
		})
	}
	for _, d := range f.Decisions {
		dec := "grant"
		if d.Denies() {
			dec = "deny"
		}
		purpose := [...]string{"unify_core", "unify_behaviour"}[d.Purpose]
		add(map[string]any{
			"kind": "decision", "id": d.ID, "t": d.At, "point": d.Point.Value, "purpose": purpose, "dec": dec, "exp": d.Expires, "carried": d.Carried,
		})
	}
	for _, a := range f.Acts {
		op := [...]string{"", "ban", "together", "clear", "quarantine", "release", "auto"}[a.Op]
		add(map[string]any{"kind": "act", "id": a.ID, "t": a.T, "op": op, "a": a.A.Value, "b": a.B.Value})
	}
	return out
}

// Law 1 at length: every history with every feature on, against the oracle.
func TestLongLawConfluence(t *testing.T) {
	testkit.Long(t)
	for seed := range testkit.Histories(t, 20_000) {
		o := identitytest.Small
		if seed%10 == 9 {
			o = identitytest.Options{Events: 80, Decisions: 16, Acts: 8, Values: 6}
		}
		f := identitytest.History(rand.New(rand.NewPCG(seed, 41)), o)
		got, err := f.Solve()
		if err != nil {
			t.Fatal(err)
		}
		if diff := compareAnswers(got, identitytest.Ask(f)); diff != "" {
			t.Fatalf("seed %d (-oracle +solve): %s", seed, diff)
		}
	}
}
