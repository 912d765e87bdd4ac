package identity

import "slices"

// Erase drops what was told of an identifier: its edges, names and sightings. What was decided stays: what the person decided, what a steward said of the
// identifier, and edges that a steward banned, as the ban alone. It returns the other ends of the edges that are gone, all of which must have been added;
// ok is false, and nothing is dropped, where neighbours hold edges that the identifier itself does not store: they cannot be found from here.
func (ev *Evidence) Erase(n *Node, c *Changes) (parted []*Node, ok bool) {
	if n.Full != [classes]bool{} || n.LikeMany {
		return nil, false
	}
	kept := n.Edges[:0:0]
	for _, e := range n.Edges {
		if e.Act.Op == Ban {
			kept = append(kept, e)
			if len(e.Witnesses) > 0 || len(e.Compared) > 0 {
				e.Witnesses, e.Compared = nil, nil
				c.Edge(e)
			}
			continue
		}
		if far := ev.nodes[e.Other(n.Key)]; far != nil {
			far.Edges = slices.DeleteFunc(far.Edges, func(x *Edge) bool { return x == e })
			parted = append(parted, far)
			c.Judge(far)
		}
	}
	if len(kept) == len(n.Edges) && n.First == Never && len(n.Names) == 0 && !n.NamesFull && len(n.Matches) == 0 {
		return parted, true
	}
	n.Edges, n.First, n.Names, n.NamesFull, n.Matches = kept, Never, nil, false, nil
	c.Judge(n)
	return parted, true
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
