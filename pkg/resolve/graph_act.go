package resolve

import (
	"cmp"
	"context"
	"slices"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// ActOn returns the act that holds on a pair of identifiers, or on one when b is zero; its Op is NoOp where nobody ever acted.
func (g *Graph) ActOn(ctx context.Context, space string, a, b identifier.Key, now int64) (identity.LastAct, error) {
	var act identity.LastAct
	keys := []identifier.Key{a}
	if b.Value != "" {
		keys = append(keys, b)
	}
	err := g.look(ctx, space, keys, now, func(p *planner) {
		act = identity.LastAct{}
		n := p.ev.Node(a)
		switch {
		case n == nil:
		case b.Value == "":
			act = n.Act
		default:
			if e := n.Edge(b); e != nil {
				act = e.Act
			}
		}
	})
	return act, err
}

// Effect is what facts would change in the graph.
type Effect struct {
	Before      []Profile // people who would not be as they are, by their naming identifiers
	After       []Profile // people who would be instead
	Standings   []StandingChange
	Transitions []Transition
}

// StandingChange is an identifier whose standing would change.
type StandingChange struct {
	Key           identifier.Key
	Before, After identity.Standing
}

// Preview plans facts as Apply would, and writes nothing.
func (g *Graph) Preview(ctx context.Context, space string, facts []identity.Fact, now int64) (Effect, error) {
	var out Effect
	job := graphJob{facts: facts, keys: named(facts, nil), readOnly: true, look: func(p *planner) { out = p.effect() }}
	err := g.do(ctx, space, now, &job)
	return out, err
}

// effect tells what a plan changes. A plan without changes has none.
func (p *planner) effect() Effect {
	var out Effect
	if p.changes.Count == 0 {
		return out
	}
	before, after := map[*person]bool{}, map[*person]bool{}
	var alone []Profile // identifiers without a record are a person each
	for _, c := range p.commits() {
		t := teller{p: p, c: c}
		t.eachMember(func(m *member, _ *dividedComponent) {
			if m.before != nil {
				before[m.before] = true
			} else {
				alone = append(alone, Profile{m.Key, []identifier.Key{m.Key}})
			}
			after[m.person] = true
			if m.was != m.Standing {
				out.Standings = append(out.Standings, StandingChange{m.Key, m.was, m.Standing})
			}
		})
		out.Transitions = append(out.Transitions, p.entry(c).Transitions...)
	}
	was := append(sorted(before), alone...)
	slices.SortFunc(was, compareProfiles)
	out.Before, out.After = differing(was, sorted(after))
	slices.SortFunc(out.Standings, func(a, b StandingChange) int { return identifier.Compare(a.Key, b.Key) })
	return out
}

// sorted lists people by their naming identifiers, their members in order.
func sorted(people map[*person]bool) []Profile {
	out := make([]Profile, 0, len(people))
	for one := range people {
		keys := keysOf(one.nodes)
		slices.SortFunc(keys, identifier.Compare)
		out = append(out, Profile{one.naming, keys})
	}
	slices.SortFunc(out, compareProfiles)
	return out
}

func compareProfiles(a, b Profile) int {
	return cmp.Or(identifier.Compare(a.Canonical, b.Canonical), slices.CompareFunc(a.Members, b.Members, identifier.Compare))
}

// differing leaves out who is the same before and after.
func differing(before, after []Profile) (from, to []Profile) {
	same := func(list []Profile) func(Profile) bool {
		return func(p Profile) bool {
			_, found := slices.BinarySearchFunc(list, p, compareProfiles)
			return found
		}
	}
	return slices.DeleteFunc(slices.Clone(before), same(after)), slices.DeleteFunc(slices.Clone(after), same(before))
}
