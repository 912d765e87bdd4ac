package statetest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
)

// Keys lists the identifiers of a set of facts, references left out.
func Keys(f *identity.Facts) []identifier.Key {
	seen := map[identifier.Key]bool{}
	add := func(keys ...identifier.Key) {
		for _, k := range keys {
			if rule, known := f.Rules.Namespaces[k.Namespace]; known && !rule.Ref {
				seen[k] = true
			}
		}
	}
	for _, e := range f.Events {
		add(e.Keys...)
	}
	for _, d := range f.Decisions {
		add(d.Point)
	}
	for _, a := range f.Acts {
		add(a.A, a.B)
	}
	for _, m := range f.Matches {
		add(m.A, m.B)
	}
	return slices.SortedFunc(maps.Keys(seen), identifier.Compare)
}

// Answer reads everything that a graph says about the identifiers of a set of facts, in the exchange format, and the level of each.
func Answer(ctx context.Context, g *resolve.Graph, space string, f *identity.Facts) (*identity.Answer, map[string]int, error) {
	keys := Keys(f)
	view, err := g.View(ctx, space, keys, f.Now)
	if err != nil {
		return nil, nil, err
	}
	a := &identity.Answer{
		Now: f.Now, Profiles: map[string][]string{}, Edges: map[string]string{}, Nobody: map[string]string{}, Folds: map[string]identity.Fold{},
	}
	kernel, err := identity.NewKernel(f.Rules)
	if err != nil {
		return nil, nil, err
	}
	levels, many := map[string]int{}, likeMany(kernel, f)
	for _, k := range keys {
		if view.Component(k).IsZero() {
			continue
		}
		if s := view.Standing(k); s != identity.Clean {
			a.Nobody[k.Value] = s.String()
		}
		var members []string
		for _, m := range view.Profile(k).Members {
			members = append(members, m.Value)
		}
		slices.Sort(members)
		a.Profiles[view.Naming(k).Value] = members
		x, err := g.Explain(ctx, space, k, f.Now)
		if err != nil {
			return nil, nil, err
		}
		levels[k.Value] = int(x.Level)
		for _, e := range x.Edges {
			told := len(e.Compared) > 0 && (!many[e.A] || !many[e.B])
			if e.Witnesses > 0 || told || e.Act == identity.Ban || e.Act == identity.Together {
				a.Edges[e.A.Value+"|"+e.B.Value] = e.Outcome.Text(e.Reason)
			}
		}
	}
	folds(view, f, a)
	return a, levels, nil
}

// likeMany are the identifiers that are probably the same as too many others: between two of them a match is only stored beside an act.
func likeMany(kernel *identity.Kernel, f *identity.Facts) map[identifier.Key]bool {
	like := map[identifier.Key]map[identifier.Key]bool{}
	for _, m := range f.Matches {
		if m.A == m.B || !kernel.Links(m.A.Namespace) || !kernel.Links(m.B.Namespace) {
			continue
		}
		for _, p := range [...][2]identifier.Key{{m.A, m.B}, {m.B, m.A}} {
			if like[p[0]] == nil {
				like[p[0]] = map[identifier.Key]bool{}
			}
			like[p[0]][p[1]] = true
		}
	}
	many := map[identifier.Key]bool{}
	for k, others := range like {
		many[k] = len(others) >= f.Rules.MaxDegree
	}
	return many
}

// folds sums the leaves by their owners, as a service with leaf cells would.
func folds(view *resolve.View, f *identity.Facts, a *identity.Answer) {
	k, err := identity.NewKernel(f.Rules)
	if err != nil {
		return
	}
	registers := map[identifier.Key]identity.Register{}
	leaves := map[identity.Leaf]identity.Fold{}
	for _, e := range f.Events {
		refs, shown := k.ShownBy(e.Event)
		for _, r := range refs {
			registers[r], _ = registers[r].Join(shown...)
		}
		if l := k.LeafOf(e.Event); !l.IsZero() {
			leaves[l] = sum(leaves[l], identity.Fold{Events: 1, Amount: e.Amount, First: e.T, Last: e.T})
		}
	}
	for l, fold := range leaves {
		o := k.Owner(l, identity.Span{First: fold.First, Last: fold.Last}, registers[l.Reference], view, f.Now)
		name := o.Key.Value
		if o.Anonymous {
			name = "anonymous:" + name
		}
		a.Folds[name] = sum(a.Folds[name], fold)
	}
}

func sum(a, b identity.Fold) identity.Fold {
	if a.Events == 0 {
		return b
	}
	return identity.Fold{
		Events: a.Events + b.Events, Amount: a.Amount + b.Amount, First: min(a.First, b.First), Last: max(a.Last, b.Last),
	}
}

// Differs says how what a graph answers differs from a recomputation from the whole set of facts; "" if it does not.
// What a full identifier no longer stores may be left out. Before a sweep, an edge to another record may still be explained as it
// was judged there.
func Differs(ctx context.Context, g *resolve.Graph, space string, f *identity.Facts, swept bool) string {
	oracle := identitytest.Ask(f)
	want := oracle.Answer()
	got, levels, err := Answer(ctx, g, space, f)
	if err != nil {
		return err.Error()
	}
	if !swept {
		got.Edges, levels = want.Edges, oracle.Level
	}
	for pair, outcome := range want.Edges {
		a, b, _ := strings.Cut(pair, "|")
		if strings.HasPrefix(outcome, "refused") && (oracle.Full(a) || oracle.Full(b)) && strings.HasPrefix(got.Edges[pair]+"refused", "refused") {
			delete(want.Edges, pair)
			delete(got.Edges, pair)
		}
	}
	return cmp.Diff(want, got) + cmp.Diff(oracle.Level, levels)
}

// Feed applies facts in a random order, some of them twice, in random batches, with as many workers; clocks of workers differ.
func Feed(ctx context.Context, workers []*resolve.Graph, space string, f *identity.Facts, rng *rand.Rand) error {
	facts := identitytest.All(f)
	facts = append(facts, facts[:rng.IntN(len(facts)+1)]...)
	rng.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
	type batch struct {
		facts []identity.Fact
		now   int64
	}
	queues := make([][]batch, len(workers))
	for len(facts) > 0 {
		n := min(len(facts), 1+rng.IntN(6))
		w := rng.IntN(len(workers))
		queues[w] = append(queues[w], batch{facts[:n], rng.Int64N(f.Now + 1)})
		facts = facts[n:]
	}
	var wg sync.WaitGroup
	errs := make([]error, len(workers))
	for w, g := range workers {
		wg.Go(func() {
			for _, b := range queues[w] {
				if _, err := g.Apply(ctx, space, b.facts, nil, b.now); err != nil {
					errs[w] = fmt.Errorf("worker %d: %w", w, err)
					return
				}
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// SweepAll judges all that is due.
func SweepAll(ctx context.Context, g *resolve.Graph, space string, now int64) error {
	for range 1000 {
		n, err := g.Sweep(ctx, space, now, 10)
		if err != nil || n == 0 {
			return err
		}
	}
	return fmt.Errorf("the due index does not become empty")
}

// Confluence checks that a random history, in any order, batching and repetition, with as many workers, gives what a recomputation
// gives: before the sweep, because readers judge by themselves, and after it; and that known facts then write nothing.
func Confluence(t testing.TB, state resolve.GraphState, space string, seed uint64, workers int, o identitytest.Options) {
	t.Helper()
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(seed, 11))
	f := identitytest.History(rng, o)
	graphs := make([]*resolve.Graph, workers)
	for i := range graphs {
		g, err := resolve.NewGraph(busyWith(state, workers), f.Rules)
		if err != nil {
			t.Fatal(err)
		}
		graphs[i] = g
	}
	if err := Feed(ctx, graphs, space, f, rng); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if diff := Differs(ctx, graphs[0], space, f, false); diff != "" {
		t.Fatalf("seed %d, before the sweep (-want +got): %s", seed, diff)
	}
	if err := SweepAll(ctx, graphs[0], space, f.Now); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	if diff := Differs(ctx, graphs[0], space, f, true); diff != "" {
		t.Fatalf("seed %d, after the sweep (-want +got): %s", seed, diff)
	}
	if diff := reviewDiffers(ctx, graphs[0], space, f); diff != "" {
		t.Fatalf("seed %d, what a person should look at: %s", seed, diff)
	}
	if diff := ToldOtherwise(ctx, graphs[0], space, f); diff != "" {
		t.Fatalf("seed %d, what two records say of one edge: %s", seed, diff)
	}
	steady(t, state, graphs[0], space, f, seed)
}

// steady checks that facts that are known write nothing.
func steady(t testing.TB, state resolve.GraphState, g *resolve.Graph, space string, f *identity.Facts, seed uint64) {
	t.Helper()
	ctx := t.Context()
	before, err := lastVersion(ctx, state, space)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Apply(ctx, space, identitytest.All(f), nil, f.Now); err != nil {
		t.Fatal(err)
	}
	after, err := lastVersion(ctx, state, space)
	if err != nil {
		t.Fatal(err)
	}
	if after != before {
		t.Fatalf("seed %d: known facts were written: version %d, then %d", seed, before, after)
	}
}

func lastVersion(ctx context.Context, state resolve.GraphState, space string) (uint64, error) {
	items, err := state.ReadOutbox(ctx, space, "", 1<<20)
	if err != nil || len(items) == 0 {
		return 0, err
	}
	return items[len(items)-1].Version, nil
}
