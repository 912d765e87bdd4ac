package resolve

import (
	"context"
	"slices"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// Erase takes what was told of identifiers out of the graph of a space: their edges, in the records of both ends, their names and sightings; what is
// bare then has no record any more. What was decided about them stays. Nothing is told of it but that they changed. It is done as a whole for each
// identifier and its neighbours, but for hubs, whose neighbours are looked for in the whole space; done again it changes nothing.
func (g *Graph) Erase(ctx context.Context, space string, keys []identifier.Key, now int64) error {
	if err := g.do(ctx, space, now, &graphJob{keys: slices.Clone(keys), erases: true}); err != nil {
		return err
	}
	return g.eraseHubs(ctx, space, keys, now)
}

// Stored lists those of some identifiers of which their records store something that Erase would have taken out.
func (g *Graph) Stored(ctx context.Context, space string, keys []identifier.Key, now int64) (stored []identifier.Key, err error) {
	err = g.look(ctx, space, keys, now, func(p *planner) {
		stored = nil
		for _, k := range keys {
			if n := p.ev.Node(k); n != nil && toldOf(n) {
				stored = append(stored, k)
			}
		}
	})
	return stored, err
}

// toldOf reports whether anything is stored of an identifier that was told, not decided.
func toldOf(n *identity.Node) bool {
	bare := *n
	for p := range bare.Decisions {
		bare.Decisions[p] = consent.History{}
	}
	bare.Act, bare.LikeMany = identity.LastAct{}, false
	clear(bare.Full[:])
	bare.Edges = slices.DeleteFunc(slices.Clone(n.Edges), func(e *identity.Edge) bool {
		return e.Act.Op == identity.Ban && len(e.Witnesses) == 0 && len(e.Compared) == 0
	})
	return !bare.Bare()
}

// erase takes what was told of identifiers out of what was read. A record and those of its neighbours are written by one commit: of an edge that one of
// two ends holds nobody knows that it is gone. beside are neighbours of hubs, which the hubs do not name.
func (p *planner) erase(ctx context.Context, keys, beside []identifier.Key) error {
	far := slices.Clone(beside)
	for _, k := range keys {
		if n := p.ev.Node(k); n != nil {
			for _, e := range n.Edges {
				far = append(far, e.Other(k))
			}
		}
	}
	if err := p.load(ctx, far); err != nil {
		return err
	}
	p.stale()
	for _, k := range keys {
		n := p.ev.Node(k)
		if n == nil || faults.edgesStay {
			continue
		}
		p.erased[k] = true
		for _, x := range p.ev.Erase(n, &p.changes) {
			unite(p.memberOf(n).unit, p.memberOf(x).unit)
		}
	}
	return nil
}

// dropped reports whether a component is an identifier that was erased and of which nothing is left to store.
func (p *planner) dropped(x *dividedComponent) bool {
	return len(x.Nodes) == 1 && p.erased[x.Nodes[0].Key] && x.Nodes[0].Bare()
}

// drop notes what a commit stores no more.
func (c *planned) drop(p *planner) {
	c.components = slices.DeleteFunc(c.components, func(x *dividedComponent) bool {
		if !p.dropped(x) {
			return false
		}
		m := memberOf(x.Nodes[0])
		c.gone = append(c.gone, m)
		if m.unit.rec != nil {
			c.Dropped = append(c.Dropped, m.Key)
		}
		return true
	})
}

// untold leaves out of an entry what names an identifier that was erased: what happened to others is told, and that all of them changed.
func (p *planner) untold(c *planned, e *OutboxEntry) *OutboxEntry {
	if len(p.erased) == 0 {
		return e
	}
	e.Transitions = slices.DeleteFunc(e.Transitions, func(t Transition) bool {
		names := slices.Concat([]identifier.Key{t.Profile}, t.Before, t.After, t.Identifiers)
		return slices.ContainsFunc(names, func(k identifier.Key) bool { return p.erased[k] })
	})
	for _, m := range c.gone {
		before := identifier.Key{}
		if m.before != nil {
			before = m.before.naming
		}
		e.Changed = append(e.Changed, IdentifierChange{m.Key, before, m.Key, m.Standing})
	}
	return e
}
