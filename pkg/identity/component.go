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

	proofs [2]*proof // why it is too large, and its part too
}

// proof is what a search read to find that it is too large; because leads to an earlier search that it met.
type proof struct {
	nodes   []*Node
	because *proof
}

// EachRead calls f for the nodes outside a component that its level was decided on. Some may come twice.
func (c *Component) EachRead(f func(*Node)) {
	for _, p := range c.proofs {
		for ; p != nil; p = p.because {
			for _, n := range p.nodes {
				f(n)
			}
		}
	}
}

// searchState is what one call of Components found out about a node.
type searchState struct {
	call   uint32
	placed bool   // in a component
	large  *proof // known to lie in a component that is too large
	huge   *proof // in a part of one that is still too large
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
	if s.large == nil {
		nodes, tooLarge, missing := ev.reach(n, false, call)
		if missing != nil {
			return Component{}, missing
		}
		if tooLarge == nil {
			return Component{Level: LevelWhole, Nodes: nodes}, nil
		}
		for _, x := range nodes {
			x.stateIn(call).large = tooLarge
		}
	}
	if s.huge == nil {
		nodes, tooLarge, missing := ev.reach(n, true, call)
		if missing != nil {
			return Component{}, missing
		}
		if tooLarge == nil {
			return Component{Level: LevelStrong, Nodes: nodes, proofs: [2]*proof{s.large}}, nil
		}
		for _, x := range nodes {
			x.stateIn(call).huge = tooLarge
		}
	}
	return Component{Level: LevelAlone, Nodes: []*Node{n}, proofs: [2]*proof{s.large, s.huge}}, nil
}

// reach searches from n over usable edges, strong ones only if told so, until a cap is passed: then what it visited proves that it is too large.
func (ev *Evidence) reach(n *Node, strong bool, call uint32) (nodes []*Node, tooLarge *proof, missing []identifier.Key) {
	ev.search++
	n.seen = ev.search
	nodes = append(nodes, n)
	ends := 0 // both ends hold a usable edge, so each is met twice in the end
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
			if met := s.provenLarge(strong); met != nil {
				return nodes, &proof{nodes, met}, nil
			}
		}
		if len(nodes) > ev.kernel.rules.MaxNodes || ends > 2*ev.kernel.rules.MaxEdges {
			return nodes, &proof{nodes, nil}, nil
		}
	}
	if missing == nil && ends/2 > ev.kernel.rules.MaxEdges {
		return nodes, &proof{nodes, nil}, nil
	}
	return nodes, nil, missing
}

func (s *searchState) provenLarge(strong bool) *proof {
	if strong {
		return s.huge
	}
	return s.large
}

// strong reports whether an edge still counts in a component that is too large.
func (k *Kernel) strong(e *Edge) bool { return int(e.Verdict.Strength) >= 2*k.rules.Strong }
