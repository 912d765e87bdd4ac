package identity

import (
	"cmp"
	"slices"

	"rcu/pkg/identifier"
)

// ProbableStrength is the strength of a link that only a probable match makes: below that of any evidence, so that it is asked last.
const ProbableStrength = 1

// Certain is the probability of a match in which there is no doubt: probabilities are counted in millionths.
const Certain = 1_000_000

// maxCompared is the most pairs of records of two identifiers whose comparison is kept: those with the least names.
const maxCompared = 8

// Match is how probable it is that two identifiers are of one person, by what two records say of them. It is evidence that is made
// anew when one of the records changes: of each pair of records the comparison that read them last counts.
type Match struct {
	ID string
	A  identifier.Key
	B  identifier.Key
	Compared
}

// Compared is one comparison of two records. Whose they are is told by the identifiers of the match or the edge, A's first.
type Compared struct {
	Records    [2]string // the record of A and that of B that were compared
	At         int64     // microseconds since 1970: when they were read
	Millionths uint32    // how probable it is that they speak of one person; 0 = they do not any more
}

func (*Match) fact() {}

// FactID implements Fact.
func (m *Match) FactID() string { return m.ID }

// compareRecords orders comparisons by the records that were compared.
func compareRecords(a, b Compared) int {
	return cmp.Or(cmp.Compare(a.Records[0], b.Records[0]), cmp.Compare(a.Records[1], b.Records[1]))
}

// joinCompared keeps of each pair of records the comparison that read them last; of two at one time the less probable. The pairs with the
// least names are kept, and their names never change, so that what is kept hangs on no order.
func (e *Edge) joinCompared(c Compared) bool {
	i, known := slices.BinarySearchFunc(e.Compared, c, compareRecords)
	if known {
		held := &e.Compared[i]
		if faults.matchByArrival && *held != c {
			*held = c
			return true
		}
		if cmp.Or(cmp.Compare(c.At, held.At), -cmp.Compare(c.Millionths, held.Millionths)) <= 0 {
			return false
		}
		*held = c
		return true
	}
	if i >= maxCompared {
		return false
	}
	e.Compared = slices.Insert(e.Compared, i, c)
	e.Compared = e.Compared[:min(len(e.Compared), maxCompared)]
	return true
}

// Probable returns the comparison that speaks most for the two ends being one person, the earliest of those; false if none does.
func (e *Edge) Probable() (best Compared, any bool) {
	for _, c := range e.Compared {
		if c.Millionths > 0 && (!any || cmp.Or(-cmp.Compare(c.Millionths, best.Millionths), cmp.Compare(c.At, best.At)) < 0) {
			best, any = c, true
		}
	}
	return best, any
}

// foldMatch joins a comparison. What is like so many others that it means nothing is not stored on that side, nor at all where both ends are so.
func (ev *Evidence) foldMatch(m *Match, c *Changes) {
	if m.A == m.B || !ev.kernel.Links(m.A.Namespace) || !ev.kernel.Links(m.B.Namespace) {
		return
	}
	compared := m.Compared
	a, b := ev.ensure(m.A, c), ev.ensure(m.B, c)
	if Lesser(b.Key, a.Key) {
		a, b = b, a
		compared.Records[0], compared.Records[1] = compared.Records[1], compared.Records[0]
	}
	e := findEdge(a, b)
	if a.LikeMany && b.LikeMany {
		return
	}
	first := len(e.Compared) == 0
	if !e.joinCompared(compared) {
		return
	}
	c.Edge(e)
	if first {
		ev.storeMatch(a, e, c)
		ev.storeMatch(b, e, c)
	}
}

// storeMatch puts an edge that just got its first comparison into the record of one end, which forgets its matches when there are too many.
func (ev *Evidence) storeMatch(n *Node, e *Edge, c *Changes) {
	if n.LikeMany {
		return
	}
	n.hold(e)
	alike := 0
	for _, x := range n.Edges {
		if len(x.Compared) > 0 {
			alike++
		}
	}
	if alike < ev.kernel.rules.MaxDegree || faults.matchesUnbounded {
		return
	}
	n.LikeMany = true
	c.Judge(n)
	kept := n.Edges[:0:0]
	for _, x := range n.Edges {
		if len(x.Compared) > 0 && !x.Evidenced() && x.Act.Op == NoOp {
			ev.dropped = append(ev.dropped, x)
			c.Edge(x) // it has to be judged once more, though this side forgets it
			continue
		}
		kept = append(kept, x)
	}
	n.Edges = kept
}

// judgeProbable is the verdict on an edge that no evidence makes usable.
func (k *Kernel) judgeProbable(e *Edge, a, b *Node) Verdict {
	best, any := e.Probable()
	switch {
	case any && best.Millionths >= k.autoLink && k.autoLink > 0 && !a.LikeMany && !b.LikeMany:
		if faults.matchAsEvidence {
			return Verdict{Strength: TogetherStrength - 1, T: best.At / 1e6}
		}
		return Verdict{Strength: ProbableStrength, T: best.At / 1e6}
	case e.Evidenced() || len(e.Compared) == 0:
		return Verdict{Reason: ReasonPermission}
	case a.LikeMany || b.LikeMany:
		return Verdict{Reason: ReasonOverflow}
	}
	return Verdict{Reason: ReasonProbable}
}

// AutoLinks reports whether probable matches link people by the rules.
func (k *Kernel) AutoLinks() bool { return k.autoLink > 0 }
