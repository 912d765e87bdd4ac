package identity

import "rcu/pkg/identifier"

// Levels of a component.
const (
	LevelWhole  = 0 // all usable edges count
	LevelStrong = 1 // too large: only strong edges count
	LevelAlone  = 2 // still too large: every identifier alone
)

// Component is a set of identifiers that is divided into people on its own. At LevelStrong it is a part of a component that is too large.
type Component struct {
	Level uint8
	Nodes []*Node
}

// searchState is what one call of Components found out about a node.
type searchState struct {
	call   uint32
	placed bool // in a component
	large  bool // known to lie in a component that is too large
	huge   bool // in a part of one that is still too large
}

func (n *Node) stateIn(call uint32) *searchState {
	if n.state.call != call {
		n.state = searchState{call: call}
	}
	return &n.state
}

// Components returns the components that the given nodes lie in, whole, by the verdicts as last judged. If they cannot be known
// without nodes that are not loaded, it returns the keys of those instead. A search stops as soon as it passes a cap.
func (ev *Evidence) Components(from []*Node) (found []Component, missing []identifier.Key) {
	ev.search++
	call := ev.search
	for _, n := range from {
		s := n.stateIn(call)
		if s.placed {
			continue
		}
		c, absent := ev.component(n, s, call)
		if missing = append(missing, absent...); len(missing) > 0 {
			continue
		}
		for _, x := range c.Nodes {
			x.stateIn(call).placed = true
		}
		found = append(found, c)
	}
	if len(missing) > 0 {
		return nil, missing
	}
	return found, nil
}

// component returns the component of n. What it learns about nodes on the way it marks for later searches.
func (ev *Evidence) component(n *Node, s *searchState, call uint32) (Component, []identifier.Key) {
	if !s.large {
		nodes, tooLarge, missing := ev.reach(n, false, call)
		if missing != nil {
			return Component{}, missing
		}
		if !tooLarge {
			return Component{LevelWhole, nodes}, nil
		}
		for _, x := range nodes {
			x.stateIn(call).large = true
		}
	}
	if !s.huge {
		nodes, tooLarge, missing := ev.reach(n, true, call)
		if missing != nil {
			return Component{}, missing
		}
		if !tooLarge {
			return Component{LevelStrong, nodes}, nil
		}
		for _, x := range nodes {
			x.stateIn(call).huge = true
		}
	}
	return Component{LevelAlone, []*Node{n}}, nil
}

// reach searches from n over usable edges, strong ones only if told so, until a cap is passed: then what it visited is known to be too large.
func (ev *Evidence) reach(n *Node, strong bool, call uint32) (nodes []*Node, tooLarge bool, missing []identifier.Key) {
	ev.search++
	n.seen = ev.search
	nodes = append(nodes, n)
	ends := 0
	for i := 0; i < len(nodes); i++ {
		for _, e := range nodes[i].Edges {
			if !e.Verdict.Usable() || strong && !ev.kernel.strong(e) {
				continue
			}
			ends++
			far := ev.nodes[e.Other(nodes[i].Key)]
			if far == nil {
				missing = append(missing, e.Other(nodes[i].Key))
				continue
			}
			if far.seen == ev.search {
				continue
			}
			far.seen = ev.search
			nodes = append(nodes, far)
			s := far.stateIn(call)
			tooLarge = tooLarge || s.large && !strong || s.huge
		}
		// Both ends hold a usable edge, so each edge was met once or twice.
		if tooLarge || len(nodes)+len(missing) > ev.kernel.rules.MaxNodes && missing == nil || ends > 2*ev.kernel.rules.MaxEdges {
			return nodes, true, nil
		}
	}
	if missing == nil && ends/2 > ev.kernel.rules.MaxEdges {
		return nodes, true, nil
	}
	return nodes, false, missing
}

// strong reports whether an edge still counts in a component that is too large.
func (k *Kernel) strong(e *Edge) bool { return int(e.Verdict.Strength) >= 2*k.rules.Strong }
