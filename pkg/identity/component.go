package identity

import "rcu/pkg/identifier"

// Levels of a component.
const (
	LevelWhole    = 0 // all usable edges count
	LevelStrong   = 1 // too large: only strong edges count
	LevelAlone    = 2 // still too large: every identifier alone
	LevelEvidence = 3 // too large by probable matches, which do not count: evidence is judged as if there were none
)

// searched are the levels at which a component is searched for, one after the other while it is too large. The last is LevelAlone.
var searched = [...]uint8{LevelWhole, LevelEvidence, LevelStrong}

// Component is a set of identifiers that is divided into people on its own. At LevelEvidence and LevelStrong it is a part of a component
// that is too large.
type Component struct {
	Level uint8
	Nodes []*Node

	proofs [len(searched)]*proof // why it is too large, and its parts too
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
	placed bool                  // in a component
	large  [len(searched)]*proof // by the place of a level: known to lie in a component that is too large there
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
	for at, level := range searched {
		if s.large[at] != nil || level == LevelEvidence && (!ev.kernel.AutoLinks() || faults.matchesCrowd) {
			continue
		}
		nodes, tooLarge, missing := ev.reach(n, at, call)
		if missing != nil {
			return Component{}, missing
		}
		if tooLarge == nil {
			return Component{Level: level, Nodes: nodes, proofs: s.large}, nil
		}
		for _, x := range nodes {
			x.stateIn(call).large[at] = tooLarge
		}
	}
	return Component{Level: LevelAlone, Nodes: []*Node{n}, proofs: s.large}, nil
}

// reach searches from n over the edges that count at the level of a place, until a cap is passed: then what it visited proves that it is too large.
func (ev *Evidence) reach(n *Node, at int, call uint32) (nodes []*Node, tooLarge *proof, missing []identifier.Key) {
	ev.search++
	n.seen = ev.search
	nodes = append(nodes, n)
	ends := 0 // both ends hold a usable edge, so each is met twice in the end
	for i := 0; i < len(nodes); i++ {
		for _, e := range nodes[i].Edges {
			if !ev.kernel.counts(e, searched[at]) {
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
			if met := s.large[at]; met != nil {
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

// counts reports whether an edge counts at a level.
func (k *Kernel) counts(e *Edge, level uint8) bool {
	switch {
	case !e.Verdict.Usable():
		return false
	case level == LevelWhole:
		return true
	case level == LevelEvidence:
		return e.Verdict.Strength > ProbableStrength
	}
	return k.strong(e)
}

// strong reports whether an edge still counts in a component that is too large by evidence.
func (k *Kernel) strong(e *Edge) bool { return int(e.Verdict.Strength) >= 2*k.rules.Strong }
