package identity

import "rcu/pkg/identifier"

// Evidence is a set of stored evidence, or the part of it that was loaded.
type Evidence struct {
	kernel *Kernel
	nodes  map[identifier.Key]*Node
	search uint32

	dropped []*Edge    // that a full end stopped storing: the other end may not have been added yet
	torn    [][2]*Edge // of which the records of the two ends say different things: the one kept, and the other
}

// NewEvidence returns an empty set.
func NewEvidence(k *Kernel) *Evidence {
	return &Evidence{kernel: k, nodes: map[identifier.Key]*Node{}}
}

// Node returns what is stored of an identifier, or nil.
func (ev *Evidence) Node(k identifier.Key) *Node { return ev.nodes[k] }

// Nodes calls f for every node, in no order.
func (ev *Evidence) Nodes(f func(*Node)) {
	for _, n := range ev.nodes {
		f(n)
	}
}

// Add puts a stored node into the set. An edge that its other end holds already becomes one with that; where the two say different things,
// Mend has to be called.
func (ev *Evidence) Add(n *Node) {
	n.ns = ev.kernel.namespace(n.Key.Namespace)
	ev.nodes[n.Key] = n
	for i, e := range n.Edges {
		if far := ev.nodes[e.Other(n.Key)]; far != nil && far != n {
			if held := far.Edge(n.Key); held != nil && held != e {
				n.Edges[i] = held
				if !held.storedAs(e) {
					ev.torn = append(ev.torn, [2]*Edge{held, e})
				}
			}
		}
		for _, d := range ev.dropped {
			if d.A == e.A && d.B == e.B {
				n.Edges[i] = d
			}
		}
	}
}

// Changes lists what folding facts changed, each once.
type Changes struct {
	Nodes []*Node // new, or their own record changed
	Whole []*Node // their decisions or their fullness changed: all their edges have to be judged
	Edges []*Edge // their evidence, act or verdict changed, or an end stopped storing them
	Count int     // grows with every change, also of what is listed already
}

func (c *Changes) node(n *Node) {
	c.Count++
	if !n.changed {
		n.changed = true
		c.Nodes = append(c.Nodes, n)
	}
}

// Judge lists n among the nodes all of whose edges have to be judged.
func (c *Changes) Judge(n *Node) {
	c.node(n)
	if !n.whole {
		n.whole = true
		c.Whole = append(c.Whole, n)
	}
}

// Changed reports whether n is listed among the changes of the plan that it is part of.
func (n *Node) Changed() bool { return n.changed }

// Changed reports whether e is listed among the changes of the plan that it is part of.
func (e *Edge) Changed() bool { return e.changed }

// Edge lists an edge whose verdict changed.
func (c *Changes) Edge(e *Edge) {
	c.Count++
	if !e.changed {
		e.changed = true
		c.Edges = append(c.Edges, e)
	}
}

// Fold joins a fact to the evidence. All identifiers that the fact names must have been loaded, or be known to be absent.
func (ev *Evidence) Fold(f Fact, c *Changes) {
	switch f := f.(type) {
	case *Event:
		ev.foldEvent(f, c)
	case *Decision:
		if ev.kernel.Links(f.Point.Namespace) && f.Purpose < purposes {
			n := ev.ensure(f.Point, c)
			if joined, changed := n.Decisions[f.Purpose].Join(f.Decision); changed {
				n.Decisions[f.Purpose] = joined
				c.Judge(n)
			}
		}
	case *Act:
		ev.foldAct(f, c)
	case *Match:
		ev.foldMatch(f, c)
	}
}

func (ev *Evidence) foldEvent(e *Event, c *Changes) {
	var buf [16]int
	places := ev.kernel.linking(e, buf[:0])
	if len(places) >= 2 {
		for x, i := range places {
			if n := ev.ensure(e.Keys[i], c); e.T < n.First || faults.sightingsCounted {
				n.First = min(e.T, n.First)
				c.node(n)
			}
			for _, j := range places[:x] {
				ev.foldPair(e, j, i, c)
			}
		}
	}
	for _, i := range places {
		if ids := e.matches(i); len(ids) > 0 {
			if n := ev.ensure(e.Keys[i], c); n.joinMatches(ids) {
				c.node(n)
			}
		}
	}
	if e.Claim.Known() {
		for _, i := range places {
			if n := ev.ensure(e.Keys[i], c); n.joinClaim(&e.Claim, e.T, ev.kernel.rules.MaxNames) {
				c.node(n)
			}
		}
	}
}

// foldPair joins one sighting of two identifiers. Nothing is stored on a side that is full, nor at all when both are.
func (ev *Evidence) foldPair(e *Event, i, j int, c *Changes) {
	if Lesser(e.Keys[j], e.Keys[i]) {
		i, j = j, i
	}
	a, b := ev.nodes[e.Keys[i]], ev.nodes[e.Keys[j]]
	class := ev.kernel.class(a, b)
	if a.Full[class] && b.Full[class] {
		return
	}
	w := Witness{
		Behaviour: e.Behaviour && (a.ns.Device || b.ns.Device), Stated: e.Stated,
		StampA: e.stamp(i), StampB: e.stamp(j), T: e.T, Event: e.ID,
	}
	edge := findEdge(a, b)
	first := !edge.Evidenced()
	if !edge.joinWitness(w) && a.holds(edge, class) && b.holds(edge, class) {
		return
	}
	c.Edge(edge)
	for _, n := range [...]*Node{a, b} {
		if first || !n.holds(edge, class) {
			ev.store(n, edge, class, c)
		}
	}
}

// holds reports whether everything that n has to hold of an edge is held: a store that lost the record of one end knows the edge by the other alone.
func (n *Node) holds(e *Edge, class int) bool {
	return n.Full[class] || n.Edge(e.Other(n.Key)) != nil
}

// findEdge returns the edge that either end holds, or a new one.
func findEdge(a, b *Node) *Edge {
	if e := a.Edge(b.Key); e != nil {
		return e
	}
	if e := b.Edge(a.Key); e != nil {
		return e
	}
	return &Edge{A: a.Key, B: b.Key, Verdict: Verdict{Reason: Unjudged}, Reason: Unjudged}
}

// store puts an edge that just got its first witness into the record of one end, and fills the end up when the cap is reached.
func (ev *Evidence) store(n *Node, e *Edge, class int, c *Changes) {
	if n.Full[class] {
		return
	}
	n.hold(e)
	degree := 0
	for _, x := range n.Edges {
		if x.Evidenced() && ev.kernel.classOf(x) == class {
			degree++
		}
	}
	if degree < ev.kernel.rules.MaxDegree || faults.neverFull {
		return
	}
	n.Full[class] = true
	c.Judge(n)
	kept := n.Edges[:0:0]
	for _, x := range n.Edges {
		if ev.kernel.classOf(x) == class && x.Act.Op == NoOp && len(x.Compared) == 0 {
			ev.dropped = append(ev.dropped, x)
			c.Edge(x) // it has to be judged once more, though this side forgets it
			continue
		}
		kept = append(kept, x)
	}
	n.Edges = kept
}

func (n *Node) hold(e *Edge) {
	if n.Edge(e.Other(n.Key)) == nil {
		n.Edges = append(n.Edges, e)
	}
}

func (ev *Evidence) foldAct(f *Act, c *Changes) {
	act := LastAct{T: f.T, ID: f.ID, Op: f.Op}
	if f.Op == NoOp || !ev.kernel.Links(f.A.Namespace) {
		return
	}
	if !f.OnPair() {
		n := ev.ensure(f.A, c)
		if joined, changed := n.Act.join(act); changed {
			n.Act = joined
			c.node(n)
		}
		return
	}
	if f.A == f.B || !ev.kernel.Links(f.B.Namespace) {
		return
	}
	a, b := ev.ensure(f.A, c), ev.ensure(f.B, c)
	if Lesser(b.Key, a.Key) {
		a, b = b, a
	}
	e := findEdge(a, b)
	joined, changed := e.Act.join(act)
	if !changed {
		return
	}
	e.Act = joined
	a.hold(e)
	b.hold(e)
	c.Edge(e)
}

// restore joins what a store knew of an identifier beside its facts: sightings and names that it no longer holds.
func (ev *Evidence) restore(stored *Node, c *Changes) {
	if !ev.kernel.Links(stored.Key.Namespace) {
		return
	}
	n := ev.ensure(stored.Key, c)
	n.First = min(n.First, stored.First)
	n.NamesFull, n.LikeMany = n.NamesFull || stored.NamesFull, n.LikeMany || stored.LikeMany
	for class, full := range stored.Full {
		n.Full[class] = n.Full[class] || full
	}
}

// ensure returns the node of a key, made when it is new.
func (ev *Evidence) ensure(k identifier.Key, c *Changes) *Node {
	n := ev.nodes[k]
	if n == nil {
		n = &Node{Key: k, First: Never, ns: ev.kernel.namespace(k.Namespace)}
		ev.nodes[k] = n
		c.node(n)
	}
	return n
}
