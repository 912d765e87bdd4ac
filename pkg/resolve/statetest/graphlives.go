package statetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
)

// theLives is how often a graph begins in Lives.
const theLives = 4

// Lives checks that a graph that is lost again and again comes back: each time its publisher is killed at some moment, everything but the changelog is
// lost, and the facts that are not on it come again, in other batches. What the changelog holds of commits that were lost is overruled before more
// of it is told to be whole. It says what is wrong; "" if nothing. early plants a fault: it is told so before everything is out that was written when the
// lost commits were overruled.
func Lives(t testing.TB, state resolve.GraphLoader, seed uint64, early bool) string {
	t.Helper()
	o := identitytest.Small
	if seed%4 == 3 {
		o = Large
	}
	l := &lives{t: t, state: state, rng: rand.New(rand.NewPCG(seed, 23)), space: fmt.Sprint("v", seed), early: early}
	f := identitytest.History(l.rng, o)
	l.facts, l.now, l.rules = identitytest.All(f), f.Now, f.Rules
	l.rng.Shuffle(len(l.facts), func(i, j int) { l.facts[i], l.facts[j] = l.facts[j], l.facts[i] })
	for n := range theLives {
		if diff := l.live(n); diff != "" {
			return fmt.Sprintf("seed %d, life %d: %s", seed, n, diff)
		}
	}
	g, undisturbed := l.graph(state), l.space+"/undisturbed"
	if _, err := g.Apply(t.Context(), undisturbed, l.facts, nil, f.Now); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(answer(t, g, undisturbed, f), answer(t, g, l.of(theLives-1), f)); diff != "" {
		return fmt.Sprintf("seed %d (-undisturbed +lost): %s", seed, diff)
	}
	return ""
}

// lives is what outlives the loss of a graph.
type lives struct {
	t     testing.TB
	state resolve.GraphLoader
	rng   *rand.Rand
	space string
	rules identity.Rules
	facts []identity.Fact
	now   int64
	early bool

	log     []logged
	through uint64
	whole   []written // commits up to there, but for those that were lost
	next    int       // the first fact that may not be on the changelog
}

// of is the space of a life.
func (l *lives) of(n int) string { return fmt.Sprint(l.space, "/", n) }

func (l *lives) graph(state resolve.GraphState) *resolve.Graph {
	g, err := resolve.NewGraph(state, l.rules)
	if err != nil {
		l.t.Fatal(err)
	}
	return g
}

// live loads the graph, overrules what was lost, and goes on with the facts: the last time to their end.
func (l *lives) live(n int) string {
	ctx, space := l.t.Context(), l.of(n)
	if err := l.load(ctx, space); err != nil {
		l.t.Fatal(err)
	}
	if diff := inexact(l.t, l.state, space, l.whole); diff != "" {
		return diff
	}
	source := &recorded{GraphLoader: l.state}
	g, reached := l.graph(source), l.next
	var starts []int // of each commit, the first fact that was not applied before it
	begun := func() {
		for len(starts) < len(source.commits) {
			starts = append(starts, reached)
		}
	}
	apply := func(end int) {
		for reached < end {
			some := min(1+l.rng.IntN(4), end-reached)
			if _, err := g.Apply(ctx, space, l.facts[reached:reached+some], nil, l.rng.Int64N(l.now+1)); err != nil {
				l.t.Fatal(err)
			}
			begun()
			reached += some
		}
	}
	left := len(l.facts) - l.next
	apply(l.next + l.rng.IntN(min(left, 3)+1)) // by workers that are faster than who publishes
	l.overrule(ctx, g, space)
	begun()
	high := uint64(0)
	if n := len(source.commits); n > 0 && !l.early {
		high = source.commits[n-1].version // what lies before is out before anything is told to be whole
	}
	if n == theLives-1 {
		apply(len(l.facts))
		return ""
	}
	apply(reached + l.rng.IntN(len(l.facts)-reached+1))
	log, through := publish(source.commits, high, l.rng)
	l.log = append(l.log, log...)
	if through == 0 {
		return ""
	}
	l.through, l.next = through, reached
	for i, c := range slices.Backward(source.commits) {
		if c.version > through {
			l.next = starts[i]
		}
	}
	for _, c := range source.commits {
		if c.version <= through {
			l.whole = append(l.whole, c)
		}
	}
	return ""
}

// load fills a space; a load that was cut short is done once more.
func (l *lives) load(ctx context.Context, space string) error {
	meta := resolve.GraphMeta{Version: l.through}
	for _, x := range l.log {
		meta.Version = max(meta.Version, x.version)
	}
	if err := l.state.PutGraphMeta(ctx, space, meta); err != nil {
		return err
	}
	for range 1 + l.rng.IntN(2) {
		if err := loadLog(ctx, l.state, space, l.log, l.through, l.rng); err != nil {
			return err
		}
	}
	return nil
}

// overrule does what a publisher does before anything else.
func (l *lives) overrule(ctx context.Context, g *resolve.Graph, space string) {
	told := map[resolve.ComponentKey]logged{}
	var keys []resolve.ComponentKey
	for _, x := range l.log {
		held, known := told[x.key]
		if !known {
			keys = append(keys, x.key)
		}
		if !known || held.version <= x.version {
			told[x.key] = x
		}
	}
	standing, err := g.Records(ctx, space, keys)
	if err != nil {
		l.t.Fatal(err)
	}
	lost := slices.DeleteFunc(keys, func(c resolve.ComponentKey) bool {
		value, stands := standing[c]
		return stands && told[c].version <= resolve.RecordVersion(value) || !stands && told[c].value == ""
	})
	if len(lost) == 0 {
		return
	}
	version, err := g.Overrule(ctx, space, lost, l.now)
	if err != nil {
		l.t.Fatal(err)
	}
	if version == 0 {
		return // a planted fault
	}
	if standing, err = g.Records(ctx, space, lost); err != nil {
		l.t.Fatal(err)
	}
	for _, c := range lost {
		x := logged{key: c, version: version}
		if value, stands := standing[c]; stands {
			x.version, x.value = resolve.RecordVersion(value), value
		}
		l.log = append(l.log, x)
	}
}
