package identitytest

import "rcu/pkg/identity"

// Evidenced reports whether an event showed two values together.
func (o *Oracle) Evidenced(a, b string) bool { return len(o.seen[pairOf(a, b)]) > 0 }

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
