package statetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
)

// widest is a state that remembers the widest commit.
type widest struct {
	resolve.GraphState

	keys, size int
}

// CommitGraph implements resolve.GraphState.
func (w *widest) CommitGraph(ctx context.Context, space string, commits []*resolve.GraphCommit) ([]uint64, error) {
	for _, c := range commits {
		keys, size := c.Extent()
		w.keys, w.size = max(w.keys, keys), max(w.size, size)
	}
	return w.GraphState.CommitGraph(ctx, space, commits)
}

// Narrow feeds a value with many neighbours as one batch, changes the rules so that it stands otherwise, and says what was wider than a
// commit may be, or differs from a recomputation; "" if nothing.
func Narrow(t testing.TB, state resolve.GraphState, space string, neighbours int) string {
	t.Helper()
	ctx, w := t.Context(), &widest{GraphState: state}
	f := &identity.Facts{Rules: identity.DefaultRules(), Now: 1 << 30}
	rng := rand.New(rand.NewPCG(uint64(neighbours), 8))
	hub := identitytest.Key(identifier.Email, 0)
	for i := range neighbours {
		e := &identity.Event{ID: fmt.Sprint("e", i), T: rng.Int64N(1 << 29), Keys: []identifier.Key{hub, identitytest.Key(identifier.Card, i)}}
		if i%3 == 0 {
			e.Keys = append(e.Keys, identitytest.Key(identifier.Phone, i))
		}
		f.Events = append(f.Events, identity.SolveEvent{Event: e})
	}
	g, err := resolve.NewGraph(w, f.Rules)
	if err != nil {
		t.Fatal(err)
	}
	keys := Keys(f)
	view, err := g.Apply(ctx, space, identitytest.All(f), keys, f.Now)
	if err != nil {
		t.Fatal(err)
	}
	if got := view.Standing(hub); got != identity.Quarantined {
		return fmt.Sprintf("the view of the call shows %s", got)
	}
	f.Rules.Blocked = map[string]bool{}
	for i := range neighbours / 2 {
		f.Rules.Blocked[identitytest.Key(identifier.Card, i).Value] = true
	}
	if err := g.SetRules(ctx, space, f.Rules, f.Now); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Apply(ctx, space, identitytest.All(f), keys, f.Now); err != nil { // known facts, judged by new rules
		t.Fatal(err)
	}
	if err := g.RejudgeAll(ctx, space, func() int64 { return f.Now }, nil); err != nil {
		t.Fatal(err)
	}
	if w.keys > resolve.MaxCommitKeys || w.size > resolve.MaxCommitBytes {
		return fmt.Sprintf("a commit named %d keys and wrote %d bytes", w.keys, w.size)
	}
	return Differs(ctx, g, space, f, true)
}
