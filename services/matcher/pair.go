package matcher

import (
	"context"
	"fmt"
	"slices"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// pair is two people, by an identifier of each.
type pair struct {
	space string
	a, b  identifier.Key
}

// standing is what the graph says of a pair.
type standing int

const (
	open    standing = iota // nobody has spoken on the two, and to say that they are one would join all of both
	barred                  // something stands against it: evidence, consent, an earlier ban on one of them
	settled                 // they are one, or a steward has said whether they are
)

// stands asks the graph about a pair.
func (p pair) stands(ctx context.Context, graph *resolve.Graph, now int64) (standing, error) {
	a, b := p.a, p.b
	if identity.Lesser(b, a) {
		a, b = b, a
	}
	view, err := graph.View(ctx, p.space, []identifier.Key{a, b}, now)
	if err != nil {
		return barred, fmt.Errorf("reading who is who: %w", err)
	}
	one, other := view.Profile(a), view.Profile(b)
	if one.Canonical.Value == other.Canonical.Value {
		return settled, nil
	}
	held, err := graph.ActOn(ctx, p.space, a, b, now)
	if err != nil {
		return barred, fmt.Errorf("reading what was decided on two people: %w", err)
	}
	if held.Op == identity.Ban || held.Op == identity.Together {
		return settled, nil
	}
	act := &identity.Act{ID: "suggestion", T: max(now, held.T+1), Op: identity.Together, A: a, B: b}
	effect, err := graph.Preview(ctx, p.space, []identity.Fact{act}, now)
	if err != nil {
		return barred, fmt.Errorf("previewing a suggestion: %w", err)
	}
	if slices.ContainsFunc(effect.After, func(x resolve.Profile) bool { return holds(x, one.Members) && holds(x, other.Members) }) {
		return open, nil
	}
	return barred, nil
}

// holds reports whether a person has all identifiers of another.
func holds(p resolve.Profile, keys []identifier.Key) bool {
	return !slices.ContainsFunc(keys, func(k identifier.Key) bool {
		return !slices.ContainsFunc(p.Members, func(m identifier.Key) bool { return m.Value == k.Value })
	})
}
