package statetest

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
)

// reviewQueues checks what a store has to do for review queues.
func reviewQueues(t *testing.T, s resolve.GraphState) {
	const kind = identity.ReviewRefused
	put := func(i int, weight uint32) resolve.ReviewPlace {
		c := &resolve.GraphCommit{Pointers: []resolve.PointerRead{{Key: testKey(i)}}, Writes: []resolve.RecordWrite{
			{Value: value(1, "x"), Moved: []identifier.Key{testKey(i)}, Review: identity.ReviewWeights{kind: weight}},
		}}
		require.NotZero(t, commitGraph(t, s, c))
		return resolve.ReviewPlace{Weight: weight, Component: c.Writes[0].Component}
	}
	list := func(after resolve.ReviewPlace, limit int) []resolve.ReviewPlace {
		out, err := s.ReviewComponents(t.Context(), testSpace, kind, after, limit)
		require.NoError(t, err)
		return out
	}
	var want []resolve.ReviewPlace
	for i, weight := range []uint32{3, 0, 1, 7, 3, 3, 1 << 30} {
		if p := put(i, weight); weight > 0 {
			want = append(want, p)
		}
	}
	slices.SortFunc(want, resolve.CompareReview)
	require.Equal(t, want, list(resolve.ReviewPlace{}, 100))
	for at := range want {
		require.True(t, slices.Equal(want[at+1:min(len(want), at+3)], list(want[at], 2)), "behind place %d", at)
	}
	rewrite(t, s, want[0], resolve.RecordWrite{Review: identity.ReviewWeights{kind: 2, identity.ReviewContested: 5}})
	rewrite(t, s, want[1], resolve.RecordWrite{})
	rewrite(t, s, want[2], resolve.RecordWrite{Component: resolve.ComponentKey{1}}) // gone
	want = append(want[3:], resolve.ReviewPlace{Weight: 2, Component: want[0].Component})
	slices.SortFunc(want, resolve.CompareReview)
	require.Equal(t, want, list(resolve.ReviewPlace{}, 100))
	counts, err := s.CountReview(t.Context(), testSpace)
	require.NoError(t, err)
	require.Equal(t, [identity.ReviewKinds]int{kind: len(want), identity.ReviewContested: 1}, counts)
}

// rewrite writes a record once more; one with another component takes its place.
func rewrite(t testing.TB, s resolve.GraphState, p resolve.ReviewPlace, w resolve.RecordWrite) {
	t.Helper()
	snapshot, err := s.LoadComponents(t.Context(), testSpace, []resolve.ComponentKey{p.Component})
	require.NoError(t, err)
	read := resolve.RecordRead{Component: p.Component, Version: resolve.RecordVersion(snapshot.Records[p.Component]), Gone: !w.Component.IsZero()}
	c := &resolve.GraphCommit{Now: 1, Records: []resolve.RecordRead{read}}
	if w.Component.IsZero() {
		w.Component, w.Value = p.Component, value(1, "y")
		c.Writes = []resolve.RecordWrite{w}
	}
	require.NotZero(t, commitGraph(t, s, c))
}

// reviewBounded checks that a queue keeps the heaviest of too many.
func reviewBounded(t *testing.T, s resolve.GraphState) {
	const more = 40
	for from := 0; from < resolve.MaxReview+more; from += 1000 {
		c := &resolve.GraphCommit{}
		for i := from; i < min(from+1000, resolve.MaxReview+more); i++ {
			w := resolve.RecordWrite{Value: value(1, "x"), Moved: []identifier.Key{testKey(i)}}
			w.Review[identity.ReviewQuarantined] = uint32(1 + i%2 + i/resolve.MaxReview)
			c.Writes = append(c.Writes, w)
		}
		require.NotZero(t, commitGraph(t, s, c))
	}
	counts, err := s.CountReview(t.Context(), testSpace)
	require.NoError(t, err)
	require.Equal(t, resolve.MaxReview, counts[identity.ReviewQuarantined])
	seen, after := map[uint32]int{}, resolve.ReviewPlace{}
	for {
		some, err := s.ReviewComponents(t.Context(), testSpace, identity.ReviewQuarantined, after, 700)
		require.NoError(t, err)
		for _, p := range some {
			seen[p.Weight]++
		}
		if len(some) < 700 {
			break
		}
		after = some[len(some)-1]
	}
	require.Equal(t, map[uint32]int{1: resolve.MaxReview/2 - more, 2: resolve.MaxReview/2 + more/2, 3: more / 2}, seen)
}

// reviewDiffers says how the review queues of a space differ from what a recomputation from the whole set of facts asks for; "" if they
// do not. What a full identifier no longer stores is left out.
func reviewDiffers(ctx context.Context, g *resolve.Graph, space string, f *identity.Facts) string {
	x := reviewOracle{oracle: identitytest.Ask(f), want: map[string]uint32{}, skip: map[string]bool{}}
	view, err := g.View(ctx, space, Keys(f), f.Now)
	if err != nil {
		return err.Error()
	}
	x.expect(Keys(f), view)
	got, err := reviews(ctx, g, space, f.Now)
	if err != nil {
		return err.Error()
	}
	for name, weight := range got {
		if !x.skip[name] && x.want[name] != weight {
			return fmt.Sprintf("%s has weight %d in the queue, %d by the facts", name, weight, x.want[name])
		}
	}
	for name, weight := range x.want {
		if _, queued := got[name]; !queued && !x.skip[name] {
			return fmt.Sprintf("%s of weight %d is not in the queue", name, weight)
		}
	}
	return ""
}

// reviews reads all queues in small pages.
func reviews(ctx context.Context, g *resolve.Graph, space string, now int64) (map[string]uint32, error) {
	out := map[string]uint32{}
	for kind := range identity.ReviewKinds {
		for after := (resolve.ReviewPlace{}); ; {
			items, next, err := g.Review(ctx, space, kind, after, 2, now)
			if err != nil {
				return nil, err
			}
			for i := range items {
				name := reviewName(kind, items[i].Values[0].Value)
				if kind == identity.ReviewRefused {
					name = reviewName(kind, items[i].People[0].Canonical.Value, items[i].People[1].Canonical.Value)
				}
				if _, twice := out[name]; twice {
					return nil, fmt.Errorf("%s is in the queue twice", name)
				}
				out[name] = items[i].Weight
			}
			if after = next; next == (resolve.ReviewPlace{}) {
				break
			}
		}
	}
	return out, nil
}

func reviewName(kind identity.ReviewKind, values ...string) string {
	slices.Sort(values)
	return kind.String() + " " + strings.Join(values, " ")
}

// reviewOracle recomputes the matters from the answers of the oracle.
type reviewOracle struct {
	oracle *identitytest.Oracle
	want   map[string]uint32
	skip   map[string]bool // what full identifiers no longer store speaks of it
}

func (x *reviewOracle) expect(keys []identifier.Key, view *resolve.View) {
	answer := x.oracle.Answer()
	profile := map[string]string{}
	for name, members := range answer.Profiles {
		for _, m := range members {
			profile[m] = name
		}
	}
	beside, aside, banned, unsure := map[string]uint32{}, map[string]uint32{}, map[string]bool{}, map[string]bool{}
	for pair, outcome := range answer.Edges {
		a, b, _ := strings.Cut(pair, "|")
		link, full := reviewName(identity.ReviewRefused, profile[a], profile[b]), x.oracle.Full(a) || x.oracle.Full(b)
		if x.oracle.OpOn(a, b) == identity.Ban {
			banned[link] = true
		} else if x.oracle.Evidenced(a, b) {
			beside[a]++
			beside[b]++
		}
		if x.oracle.ByMatch(a, b) {
			continue
		}
		switch outcome {
		case "refused:unique", "refused:limit", "refused:person":
			x.want[link]++
			x.skip[link] = x.skip[link] || full
		case "refused:overflow":
			aside[a]++
			aside[b]++
			unsure[a], unsure[b] = unsure[a] || full, unsure[b] || full
		}
	}
	for link := range banned {
		delete(x.want, link)
	}
	x.values(keys, answer, beside)
	x.oversized(keys, view, aside, unsure)
}

func (x *reviewOracle) decided(v string) bool {
	op := x.oracle.OpOn(v, "")
	return op == identity.Quarantine || op == identity.Release
}

func (x *reviewOracle) values(keys []identifier.Key, answer *identity.Answer, beside map[string]uint32) {
	for _, k := range keys {
		kind := identity.ReviewKindOf(answer.Nobody[k.Value])
		if kind == identity.ReviewKinds || x.decided(k.Value) {
			continue
		}
		name := reviewName(kind, k.Value)
		x.want[name] = max(1, beside[k.Value])
		if x.oracle.Full(k.Value) {
			x.skip[name] = true
		}
	}
}

// oversized expects of each component that is too large the value with the most links that were set aside, of its heaviest part. Of links to
// full identifiers it is not known whether they were, so that component is left out.
func (x *reviewOracle) oversized(keys []identifier.Key, view *resolve.View, aside map[string]uint32, unsure map[string]bool) {
	whole := x.wholes()
	parts, doubtful := map[resolve.ComponentKey][]string{}, map[string]bool{}
	for _, k := range keys {
		v := k.Value
		doubtful[whole(v)] = doubtful[whole(v)] || unsure[v]
		if x.oracle.Level[v] > 0 && aside[v] > 0 && !x.decided(v) {
			parts[view.Component(k)] = append(parts[view.Component(k)], v)
		}
	}
	type heaviest struct {
		place resolve.ReviewPlace
		value string
	}
	first := map[string]heaviest{}
	for c, values := range parts {
		slices.SortFunc(values, func(a, b string) int { return cmp.Or(-cmp.Compare(aside[a], aside[b]), cmp.Compare(a, b)) })
		at, of := heaviest{resolve.ReviewPlace{Weight: aside[values[0]], Component: c}, values[0]}, whole(values[0])
		if held, known := first[of]; !known || resolve.CompareReview(at.place, held.place) < 0 {
			first[of] = at
		}
	}
	for of, at := range first {
		if !doubtful[of] {
			x.want[reviewName(identity.ReviewOversized, at.value)] = at.place.Weight
		}
	}
	for _, k := range keys {
		if doubtful[whole(k.Value)] {
			x.skip[reviewName(identity.ReviewOversized, k.Value)] = true
		}
	}
}

// wholes returns what names the component that a value lies in, parts that were set aside included. What is like too many others is told to be
// beside them, and hangs together with nobody.
func (x *reviewOracle) wholes() func(string) string {
	up := map[string]string{}
	root := func(v string) string {
		for up[v] != "" {
			v = up[v]
		}
		return v
	}
	for pair, outcome := range x.oracle.Answer().Edges {
		switch outcome {
		case "joined", "confirms", "refused:ban", "refused:unique", "refused:limit", "refused:person", "refused:overflow":
			a, b, _ := strings.Cut(pair, "|")
			if x.oracle.Usable(a, b) && root(a) != root(b) {
				up[root(a)] = root(b)
			}
		}
	}
	return root
}

// Settled checks that each act that a matter offers, done last, settles it: a value is out of the queue by what says what it is, and two
// people by what says whether they are one. That a value is not somebody's may leave it with too many others.
func Settled(t testing.TB, state resolve.GraphState, space string, seed uint64) {
	t.Helper()
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(seed, 41))
	f := identitytest.History(rng, Large)
	g, err := resolve.NewGraph(state, f.Rules)
	if err != nil {
		t.Fatal(err)
	}
	if err := Feed(ctx, []*resolve.Graph{g}, space, f, rng); err != nil {
		t.Fatal(err)
	}
	for round := range int64(3) {
		var all []resolve.Reviewed
		for kind := range identity.ReviewKinds {
			some, _, err := g.Review(ctx, space, kind, resolve.ReviewPlace{}, 1000, f.Now)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, some...)
		}
		if len(all) == 0 {
			return
		}
		m := all[rng.IntN(len(all))]
		acts := m.Acts()
		act := acts[rng.IntN(len(acts))]
		act.ID, act.T = fmt.Sprint("settles", round), 1<<40+round // later than any of the history
		if _, err := g.Apply(ctx, space, []identity.Fact{&act}, nil, f.Now); err != nil {
			t.Fatal(err)
		}
		if m.Kind != identity.ReviewRefused && act.Op == identity.Ban {
			continue
		}
		after, _, err := g.Review(ctx, space, m.Kind, resolve.ReviewPlace{}, 1000, f.Now)
		if err != nil {
			t.Fatal(err)
		}
		for i := range after {
			if about(&after[i], &act) {
				t.Fatalf("seed %d: %s on %s %s does not settle %v", seed, act.Op, act.A.Value, act.B.Value, m.Values)
			}
		}
	}
}

// about reports whether a matter is what an act was done on.
func about(m *resolve.Reviewed, act *identity.Act) bool {
	if m.Kind != identity.ReviewRefused {
		return m.Values[0] == act.A
	}
	holds := func(i int, k identifier.Key) bool { return slices.Contains(m.People[i].Members, k) }
	return holds(0, act.A) && holds(1, act.B) || holds(1, act.A) && holds(0, act.B)
}

// sameReviews says how the review queues of a space that was loaded differ from those of its source; "" if they do not.
func sameReviews(ctx context.Context, source, loaded *resolve.Graph, space string, f *identity.Facts) string {
	for _, x := range []struct {
		g     *resolve.Graph
		space string
	}{{source, space + "/source"}, {loaded, space}} {
		if err := SweepAll(ctx, x.g, x.space, f.Now); err != nil {
			return err.Error()
		}
		if diff := reviewDiffers(ctx, x.g, x.space, f); diff != "" {
			return x.space + ": " + diff
		}
	}
	return ""
}
