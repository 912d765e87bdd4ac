package identity

import (
	"slices"

	"rcu/pkg/identifier"
)

// Erase drops what was told of an identifier: its edges, names and sightings. What was decided stays: what the person decided, what a steward said of the
// identifier, and edges that a steward banned, as the ban alone. It returns the other ends of the edges that are gone, all of which must have been added. Of
// a hub the neighbours have edges that it does not store itself: of those that were added they go; and that it is one stays.
func (ev *Evidence) Erase(n *Node, c *Changes) (parted []*Node) {
	kept := n.Edges[:0:0]
	for _, e := range n.Edges {
		if ev.bare(e, c) {
			kept = append(kept, e)
		} else if far := ev.nodes[e.Other(n.Key)]; far != nil {
			parted = append(parted, ev.part(far, e, c))
		}
	}
	if n.Hub() {
		for _, far := range ev.beside(n) {
			if e := far.Edge(n.Key); !ev.bare(e, c) {
				parted = append(parted, ev.part(far, e, c))
			}
		}
	}
	if len(kept) == len(n.Edges) && n.First == Never && len(n.Names) == 0 && !n.NamesFull && len(n.Matches) == 0 {
		return parted
	}
	n.Edges, n.First, n.Names, n.NamesFull, n.Matches = kept, Never, nil, false, nil
	c.Judge(n)
	return parted
}

// Hub reports whether an identifier had so many neighbours, or was like so many others, that they hold edges of which it does not know.
func (n *Node) Hub() bool { return n.Full != [classes]bool{} || n.LikeMany }

// bare leaves of an edge that a steward banned the ban alone; false where nobody banned it.
func (ev *Evidence) bare(e *Edge, c *Changes) bool {
	if e.Act.Op != Ban {
		return false
	}
	if len(e.Witnesses) > 0 || len(e.Compared) > 0 {
		e.Witnesses, e.Compared = nil, nil
		c.Edge(e)
	}
	return true
}

// part takes an edge out of what one end holds.
func (ev *Evidence) part(far *Node, e *Edge, c *Changes) *Node {
	far.Edges = slices.DeleteFunc(far.Edges, func(x *Edge) bool { return x == e })
	c.Judge(far)
	return far
}

// beside lists those that were added and hold an edge to n which n does not hold, in order.
func (ev *Evidence) beside(n *Node) (out []*Node) {
	for _, x := range ev.nodes {
		if x != n && n.Edge(x.Key) == nil && x.Edge(n.Key) != nil {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b *Node) int { return identifier.Compare(a.Key, b.Key) })
	return out
}

// Bare reports whether nothing is known of an identifier, nor decided about it.
func (n *Node) Bare() bool {
	for _, h := range n.Decisions {
		if len(h.Said) > 0 || len(h.Carried) > 0 {
			return false
		}
	}
	return len(n.Edges) == 0 && n.First == Never && len(n.Names) == 0 && !n.NamesFull && len(n.Matches) == 0 && n.Act.Op == NoOp &&
		n.Full == [classes]bool{} && !n.LikeMany
}
