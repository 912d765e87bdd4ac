package identity

import (
	"slices"

	"rcu/pkg/identifier"
)

// Person is one part of a component: the identifiers of one profile.
type Person struct {
	Naming identifier.Key
	Nodes  []*Node // in the order of their keys
}

// Divide partitions a component and sets the outcome of every edge that its nodes hold.
func (ev *Evidence) Divide(p *Partitioner, c Component) []Person {
	p.layOut(ev, c)
	p.Partition(c.Nodes, p.links)
	for i, e := range p.edges {
		l := &p.links[i]
		e.Outcome, e.Reason = l.Outcome, l.Reason
		if l.Reason == ReasonUnique || l.Reason == ReasonBan || l.Reason == ReasonPerson {
			e.X, e.Y = c.Nodes[l.X].Key, c.Nodes[l.Y].Key
		}
	}
	return p.people(c)
}

// layOut makes links of the edges that count inside the component, and refuses the others.
func (p *Partitioner) layOut(ev *Evidence, c Component) {
	ev.search++
	p.links, p.edges = p.links[:0], p.edges[:0]
	for i, n := range c.Nodes {
		n.laid, n.place = ev.search, int32(i)
	}
	for _, n := range c.Nodes {
		for _, e := range n.Edges {
			if e.laid == ev.search {
				continue
			}
			e.laid = ev.search
			e.Outcome, e.Reason, e.X, e.Y = RefusedEdge, e.Verdict.Reason, identifier.Key{}, identifier.Key{}
			a, b := ev.nodes[e.A], ev.nodes[e.B]
			within := a != nil && b != nil && a.laid == ev.search && b.laid == ev.search
			counts := within && ev.kernel.counts(e, c.Level)
			switch banned := e.Verdict.Reason == ReasonBanned; {
			case counts || within && banned:
				p.links = append(p.links, Link{A: a.place, B: b.place, Strength: e.Verdict.Strength, T: e.Verdict.T, Banned: banned})
				p.edges = append(p.edges, e)
			case e.Verdict.Usable():
				e.Reason = ReasonOverflow // only in a component that is too large
			}
		}
	}
}

// people lists the groups of the component just partitioned.
func (p *Partitioner) people(c Component) []Person {
	var out []Person
	at := make(map[int]int, len(c.Nodes))
	for i, n := range c.Nodes {
		root := p.Group(i)
		x, known := at[root]
		if !known {
			x = len(out)
			at[root] = x
			out = append(out, Person{})
		}
		out[x].Nodes = append(out[x].Nodes, n)
	}
	for i := range out {
		slices.SortFunc(out[i].Nodes, func(a, b *Node) int { return compareKey(a.Key, b.Key) })
		out[i].Naming = p.kernel.Naming(out[i].Nodes)
	}
	return out
}
