package event

import (
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	eventpb "rcu/schemas/event"
)

var ops = map[string]identity.Op{
	identity.Ban.String(): identity.Ban, identity.Together.String(): identity.Together, identity.Clear.String(): identity.Clear,
	identity.Quarantine.String(): identity.Quarantine, identity.Release.String(): identity.Release, identity.Auto.String(): identity.Auto,
}

// OpOf reads the word of an act; NoOp for any other.
func OpOf(word string) identity.Op { return ops[word] }

// Limits of what an act carries.
const (
	maxActID     = 128
	maxActSealed = 4 << 10
)

// ActFact returns the fact that an act of a steward is to the kernel; false for a message that is none: unknown op, identifiers that
// link nobody, a pair of one identifier with itself, an end too many or too few, or a time that is none.
func ActFact(m *eventpb.Act) (*identity.Act, bool) {
	act := &identity.Act{ID: m.GetId(), T: m.GetT(), Op: OpOf(m.GetOp()), A: optionalKey(m.GetA()), B: optionalKey(m.GetB())}
	sound := func(k identifier.Key) bool { return k.Namespace.Links() && len(k.Value) == identifier.PseudonymSize }
	switch {
	case m.GetSpace() == "" || act.ID == "" || len(act.ID) > maxActID || len(m.GetReason()) > maxActSealed || act.Op == identity.NoOp || act.T <= 0:
		return nil, false
	case !sound(act.A) || act.OnPair() && (!sound(act.B) || !identity.Lesser(act.A, act.B)):
		return nil, false
	case !act.OnPair() && act.B.Value != "":
		return nil, false
	}
	return act, true
}
