package identitytest

import "rcu/pkg/identity"

// Evidenced reports whether an event showed two values together.
func (o *Oracle) Evidenced(a, b string) bool { return len(o.seen[pairOf(a, b)]) > 0 }

// ByMatch reports whether nothing but a probable match speaks for two values being one person.
func (o *Oracle) ByMatch(a, b string) bool {
	p := pairOf(a, b)
	return o.verdict[p].strength == 1 || len(o.compared[p]) > 0 && len(o.seen[p]) == 0 && o.actOn(p) == identity.NoOp
}

// Usable reports whether two values could be linked by what is known of the pair, were nothing else in the way.
func (o *Oracle) Usable(a, b string) bool {
	v, known := o.verdict[pairOf(a, b)]
	return known && v.reason == ""
}

// OpOn is what a steward said last of two values, or of one when b is empty.
func (o *Oracle) OpOn(a, b string) identity.Op {
	switch act := o.valueAct[a]; {
	case b != "":
		return o.actOn(pairOf(a, b))
	case act != nil:
		return act.Op
	default:
		return identity.NoOp
	}
}
