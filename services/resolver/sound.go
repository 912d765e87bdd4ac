package resolver

import (
	"strings"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
)

// What is not sound would be refused by a store or a reader later, when it is too late to put it aside: one event with a short
// leaf key in an index stops the publisher of its space for good.

func soundDecision(d *eventpb.Decision) bool {
	return d.GetSpace() != "" && soundController(d.GetController()) && soundIdentifier(d.GetPoint())
}

func soundEvent(e *eventpb.Event) bool {
	if e.GetSpace() == "" || !soundController(e.GetController()) {
		return false
	}
	if n := len(e.GetLeafKey()); n != 0 && n != resolve.LeafKeySize {
		return false
	}
	for _, k := range profile.LeafOf(e.GetLeaf()).Keys(nil) {
		if len(k.Value) != identifier.PseudonymSize {
			return false
		}
	}
	for _, list := range [...][]*eventpb.Identifier{e.GetIdentifiers(), e.GetReferences(), e.GetOffered()} {
		for _, i := range list {
			if !soundIdentifier(i) {
				return false
			}
		}
	}
	for _, k := range actKeys(e) {
		if len(k.Value) != identifier.PseudonymSize {
			return false
		}
	}
	return (len(e.GetLeafKey()) == 0) == profile.LeafOf(e.GetLeaf()).IsZero()
}

// soundController: its name is part of keys, which a zero byte divides.
func soundController(name string) bool { return name != "" && !strings.Contains(name, "\x00") }

func soundIdentifier(i *eventpb.Identifier) bool {
	return len(i.GetPseudonym()) == identifier.PseudonymSize
}

// actKeys lists the identifiers of the acts that an event carries.
func actKeys(e *eventpb.Event) (keys []identifier.Key) {
	for _, fact := range event.FactsOf(e) {
		if act, ok := fact.(*identity.Act); ok {
			keys = append(keys, act.A, act.B)
		}
	}
	return keys
}
