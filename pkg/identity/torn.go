package identity

import "slices"

// An edge is stored in the records of both ends, equal, in the same commit. Two records that were read at two moments may hold two states of
// it all the same: whoever wrote the one alone would take back in it what the other knows.

// storedAs reports whether two records hold an edge alike.
func (e *Edge) storedAs(o *Edge) bool {
	return e.Act == o.Act && e.Verdict == o.Verdict && slices.Equal(e.Witnesses, o.Witnesses) && slices.Equal(e.Compared, o.Compared)
}

// Mend joins what the records of two ends say of one edge, where that differs, and lists the edge as changed. It returns how many there were.
// The plan then stands on both records: if they were read at two moments, its commit is refused; if they were stored so, it makes them equal.
func (ev *Evidence) Mend(c *Changes) int {
	for _, pair := range ev.torn {
		held, other := pair[0], pair[1]
		for _, w := range other.Witnesses {
			held.joinWitness(w)
		}
		for _, compared := range other.Compared {
			held.joinCompared(compared)
		}
		if other.Act.Op != NoOp {
			held.Act, _ = held.Act.join(other.Act)
		}
		c.Edge(held)
	}
	n := len(ev.torn)
	ev.torn = ev.torn[:0]
	return n
}
