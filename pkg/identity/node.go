package identity

import (
	"cmp"
	"math"
	"slices"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// Never is the first sighting of an identifier that was never shown beside another one: later than any time.
const Never = math.MaxInt64

// Classes of evidence by strength: each has its own cap on neighbours.
const (
	Weak = iota
	Strong
	classes
)

// Node is all that is stored of one identifier.
type Node struct {
	Key       identifier.Key
	First     int64 // earliest sighting beside another linking identifier, or Never
	Edges     []*Edge
	Full      [classes]bool // sticky: the count of neighbours reached MaxDegree; that class is then not stored on this side
	LikeMany  bool          // sticky: the count of probable matches reached MaxDegree; they are then not stored on this side
	Names     []Name
	NamesFull bool // sticky: MaxNames given names were seen; none is stored
	Decisions [purposes]consent.History
	Act       LastAct
	Matches   []PatternID // patterns of blocked values that matched it, in force or not; in their order

	Standing Standing // as last judged

	Kept any // what the caller keeps beside the node

	ns      *namespace
	changed bool
	whole   bool
	seen    uint32 // number of the search that visited it
	state   searchState
	laid    uint32 // number of the division it takes part in
	place   int32  // there
}

// Edge is all that is stored of two identifiers that were shown together, or that an act speaks of. A is the lesser end.
type Edge struct {
	A, B      identifier.Key
	Witnesses []Witness // at most one of each kind, in the order of their kinds
	Act       LastAct
	Compared  []Compared // by their records; how probable it is that the two are one person

	Verdict Verdict // as last judged
	Outcome Outcome // in the component as last divided
	Reason  Reason  // of a refused edge

	X, Y   identifier.Key // the two values that a refusal by unique, ban or person names; not stored
	Before EdgeBefore     // as read; not stored

	changed bool
	laid    uint32 // number of the division that laid it out
}

// EdgeBefore is what an edge was before a change, to tell what changed. Its zero is an edge that was not there.
type EdgeBefore struct {
	Known  bool
	Active bool // joined or confirming
	Reason Reason
	Op     Op
}

// Witness is the earliest sighting of one kind: of this class, this proof, and collected under these grants.
type Witness struct {
	Behaviour      bool
	Stated         bool
	StampA, StampB int64
	T              int64
	Event          string
}

// LastAct is the act that holds: the latest by (t, id, op).
type LastAct struct {
	T  int64
	ID string
	Op Op
}

// Lesser reports whether a comes before b: by value, which in the product is the pseudonym.
func Lesser(a, b identifier.Key) bool { return compareKey(a, b) < 0 }

func compareKey(a, b identifier.Key) int {
	return cmp.Or(cmp.Compare(a.Value, b.Value), cmp.Compare(a.Namespace, b.Namespace))
}

// Other returns the end of e that is not k.
func (e *Edge) Other(k identifier.Key) identifier.Key {
	if e.A == k {
		return e.B
	}
	return e.A
}

// Evidenced reports whether an event showed the two ends together.
func (e *Edge) Evidenced() bool { return len(e.Witnesses) > 0 }

// Proved reports whether some witness proves possession.
func (e *Edge) Proved() bool {
	return slices.ContainsFunc(e.Witnesses, func(w Witness) bool { return !w.Stated })
}

// Edge returns the stored edge to another identifier, or nil.
func (n *Node) Edge(to identifier.Key) *Edge {
	for _, e := range n.Edges {
		if e.A == to || e.B == to {
			return e
		}
	}
	return nil
}

// Since returns the time of the earliest evidence that holds n in its profile, as last divided; Never when it is there alone.
func (n *Node) Since() int64 {
	since := int64(Never)
	for _, e := range n.Edges {
		if e.Outcome != RefusedEdge {
			since = min(since, e.Verdict.T)
		}
	}
	return since
}

func (a LastAct) join(b LastAct) (LastAct, bool) {
	if cmp.Or(cmp.Compare(b.T, a.T), cmp.Compare(b.ID, a.ID), cmp.Compare(b.Op, a.Op)) <= 0 && a.Op != NoOp {
		return a, false
	}
	return b, true
}

func compareWitnessKind(a, b Witness) int {
	if faults.oneWitness {
		a.StampA, a.StampB = b.StampA, b.StampB
	}
	return cmp.Or(
		compareBool(a.Behaviour, b.Behaviour), compareBool(a.Stated, b.Stated),
		cmp.Compare(a.StampA, b.StampA), cmp.Compare(a.StampB, b.StampB),
	)
}

// joinWitness keeps the earliest of each kind and reports whether that changed anything.
func (e *Edge) joinWitness(w Witness) bool {
	i, known := slices.BinarySearchFunc(e.Witnesses, w, compareWitnessKind)
	if !known {
		e.Witnesses = slices.Insert(e.Witnesses, i, w)
		return true
	}
	held := &e.Witnesses[i]
	if cmp.Or(cmp.Compare(w.T, held.T), cmp.Compare(w.Event, held.Event)) >= 0 {
		return false
	}
	*held = w
	return true
}

// joinClaim keeps what was said of each given name, until there are too many to mean anything.
func (n *Node) joinClaim(c *Claim, t int64, most int) bool {
	if n.NamesFull {
		return false
	}
	for i := range n.Names {
		if n.Names[i].speaksOf(c) {
			return n.Names[i].join(c, t)
		}
	}
	if len(n.Names)+1 >= most {
		n.Names, n.NamesFull = nil, true
		return true
	}
	name := Name{Claim: Claim{Version: c.Version}, Days: [2]int64{t / day}}
	name.join(c, t)
	n.Names = append(n.Names, name)
	slices.SortFunc(n.Names, func(a, b Name) int {
		return cmp.Or(cmp.Compare(a.Claim.Version, b.Claim.Version), cmp.Compare(a.Claim.Given[0], b.Claim.Given[0]))
	})
	return true
}
