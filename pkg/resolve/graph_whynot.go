package resolve

import (
	"context"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// Limits of the search for what lies between two identifiers.
const (
	maxPathNodes  = 2000 // identifiers looked at
	maxPathRounds = 16   // times that more is read
)

// Between says what lies between two identifiers.
type Between struct {
	A, B     Profile
	Same     bool       // they are one person
	Path     []EdgeView // evidence that leads from A to B over as few refused links as there are; empty: none leads there
	Standing map[identifier.Key]identity.Standing
	Searched int  // identifiers looked at
	Cut      bool // the search ended at its limit: a path may lie beyond
}

// Between looks for the evidence that leads from one identifier to another. Where they are not one person, the refused links on the way
// are why; where there is no way, nothing ever showed them together.
func (g *Graph) Between(ctx context.Context, space string, a, b identifier.Key, now int64) (Between, error) {
	keys := []identifier.Key{a, b}
	for range maxPathRounds {
		var out Between
		var missing []identifier.Key
		err := g.look(ctx, space, keys, now, func(p *planner) { out, missing = p.between(a, b) })
		if err != nil {
			return Between{}, err
		}
		if len(out.Path) > 0 || len(missing) == 0 || len(keys) >= maxPathNodes {
			out.Cut = len(out.Path) == 0 && len(missing) > 0
			return out, nil
		}
		keys = append(keys, missing[:min(len(missing), maxPathNodes-len(keys))]...)
	}
	var out Between
	err := g.look(ctx, space, keys, now, func(p *planner) { out, _ = p.between(a, b) })
	out.Cut = len(out.Path) == 0
	return out, err
}

// step is how a search came to an identifier.
type step struct {
	node *identity.Node
	edge *identity.Edge
	from *step
}

// between searches what was read: first over links that hold, then over one refused link, over two, and so on. missing are identifiers
// that it came to and that were not read.
func (p *planner) between(a, b identifier.Key) (out Between, missing []identifier.Key) {
	out.A, out.B = p.profileOf(a), p.profileOf(b)
	out.Same = out.A.Canonical == out.B.Canonical
	out.Standing = map[identifier.Key]identity.Standing{}
	p.divideStored()
	start := p.ev.Node(a)
	if start == nil || p.ev.Node(b) == nil || a == b {
		return out, nil
	}
	reached := map[*identity.Node]*step{start: {node: start}}
	layer := []*step{reached[start]}
	for len(layer) > 0 && reached[p.ev.Node(b)] == nil {
		var next []*step
		next, missing = p.widen(layer, reached)
		if len(missing) > 0 {
			break // they belong to the next layer: no further one before they are read
		}
		layer = layer[:0]
		for _, s := range next {
			if reached[s.node] == nil {
				reached[s.node] = s
				layer = append(layer, s)
			}
		}
	}
	out.Searched = len(reached)
	for s := reached[p.ev.Node(b)]; s != nil && s.edge != nil; s = s.from {
		out.Path = append([]EdgeView{p.viewEdge(s.edge)}, out.Path...)
		out.Standing[s.node.Key], out.Standing[s.from.node.Key] = s.node.Standing, s.from.node.Standing
	}
	return out, missing
}

// widen follows the links that hold from a layer on, and lists what lies behind one refused link more.
func (p *planner) widen(layer []*step, reached map[*identity.Node]*step) (next []*step, missing []identifier.Key) {
	for i := 0; i < len(layer); i++ {
		s := layer[i]
		for _, e := range s.node.Edges {
			far := p.ev.Node(e.Other(s.node.Key))
			switch {
			case far == nil:
				missing = append(missing, e.Other(s.node.Key))
			case reached[far] != nil:
			case e.Outcome != identity.RefusedEdge:
				reached[far] = &step{far, e, s}
				layer = append(layer, reached[far])
			default:
				next = append(next, &step{far, e, s})
			}
		}
	}
	return next, missing
}

// profileOf returns the profile that holds a key, as planned.
func (p *planner) profileOf(k identifier.Key) Profile {
	if n := p.ev.Node(k); n != nil {
		return profileOf(p.memberOf(n))
	}
	return Profile{k, []identifier.Key{k}}
}

// divideStored divides the components once more that are as stored, to name the values that refusals are about.
func (p *planner) divideStored() {
	for _, u := range p.all {
		if u.rec == nil || u.touched {
			continue
		}
		nodes := make([]*identity.Node, len(u.members))
		for i, m := range u.members {
			nodes[i] = m.Node
		}
		p.ev.Divide(p.part, identity.Component{Level: u.rec.level, Nodes: nodes})
	}
}
