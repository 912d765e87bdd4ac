package profile

import (
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	eventpb "rcu/schemas/event"
)

// LeafOf reads the leaf stamped on an event.
func LeafOf(l *eventpb.Leaf) identity.Leaf {
	if l == nil {
		return identity.Leaf{}
	}
	out := identity.Leaf{
		Device: keyOf(l.Device), Stamp: l.Stamp, Month: l.Month, Person: keyOf(l.Person), Shared: l.Shared, Reference: keyOf(l.Reference),
	}
	if len(l.Identifiers) > 0 {
		out.First = keyOf(l.Identifiers[0])
	}
	if len(l.Identifiers) > 1 {
		out.Second = keyOf(l.Identifiers[1])
	}
	return out
}

func keyOf(i *eventpb.Identifier) identifier.Key {
	if i == nil {
		return identifier.Key{}
	}
	return identifier.Key{Namespace: identifier.Namespace(i.Namespace), Value: string(i.Pseudonym)}
}
