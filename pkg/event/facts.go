package event

import (
	"strconv"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	eventpb "rcu/schemas/event"
)

// FactsOf returns the facts that an event is to the kernel (kernel.md 1). A retraction is none: it takes contents back, never evidence.
// A card replacement is an act; a customer of a master file is an event, and an act for each former number.
func FactsOf(e *eventpb.Event) []identity.Fact {
	switch data := e.GetData().(type) {
	case *eventpb.Event_EventRetracted:
		return nil
	case *eventpb.Event_CardReplaced:
		return appendTogether(nil, e, 0, data.CardReplaced.GetOld(), data.CardReplaced.GetNew())
	case *eventpb.Event_CustomerRecorded:
		facts := []identity.Fact{kernelEvent(e)}
		for i, m := range data.CustomerRecorded.GetMerged() {
			facts = appendTogether(facts, e, i, m.GetFormer(), m.GetInto())
		}
		return facts
	}
	return []identity.Fact{kernelEvent(e)}
}

func factID(e *eventpb.Event) string { return e.GetSource() + "/" + e.GetId() }

func appendTogether(facts []identity.Fact, e *eventpb.Event, i int, a, b *eventpb.Identifier) []identity.Fact {
	if len(a.GetPseudonym()) == 0 || len(b.GetPseudonym()) == 0 {
		return facts
	}
	return append(facts, &identity.Act{
		ID: factID(e) + "#" + strconv.Itoa(i), T: floorSeconds(e.GetOccurredAt()), Op: identity.Together, A: keyOf(a), B: keyOf(b),
	})
}

// kernelEvent is the event as the kernel sees it.
func kernelEvent(e *eventpb.Event) *identity.Event {
	n := len(e.GetIdentifiers()) + len(e.GetReferences())
	out := &identity.Event{
		ID: factID(e), T: floorSeconds(e.GetOccurredAt()), Keys: make([]identifier.Key, 0, n), Stamps: make([]int64, 0, n),
		Behaviour: e.GetBehaviour(), Stated: e.GetStated(), Shared: e.GetShared(), Claim: claimOf(e.GetClaim()),
	}
	for _, list := range [...][]*eventpb.Identifier{e.GetIdentifiers(), e.GetReferences()} {
		for _, i := range list {
			out.Keys = append(out.Keys, keyOf(i))
			out.Stamps = append(out.Stamps, i.GetStamp())
			addMatches(out, n, i.GetPatterns())
		}
	}
	return out
}

// addMatches notes what the last key of e matched.
func addMatches(e *identity.Event, keys int, ids []uint64) {
	if len(ids) == 0 {
		return
	}
	if e.Matches == nil {
		e.Matches = make([][]identity.PatternID, keys)
	}
	at := len(e.Keys) - 1
	for _, id := range ids {
		e.Matches[at] = append(e.Matches[at], identity.PatternID(id))
	}
}

func keyOf(i *eventpb.Identifier) identifier.Key {
	return identifier.Key{Namespace: namespaceOf(i.GetNamespace()), Value: string(i.GetPseudonym())}
}

var unifyPurposes = map[string]identity.Purpose{"unify_core": identity.UnifyCore, "unify_behaviour": identity.UnifyBehaviour}

var decisions = map[string]consent.Dec{"grant": consent.Grant, "refuse": consent.Refuse, "withdraw": consent.Withdraw, "object": consent.Object}

// DecisionFact returns the fact that a decision is to the kernel; false for a purpose under which nobody is joined.
func DecisionFact(d *eventpb.Decision) (identity.Fact, bool) {
	purpose, ok := unifyPurposes[d.GetPurpose()]
	said := decisions[d.GetDecision()]
	if !ok || said == consent.None {
		return nil, false
	}
	return &identity.Decision{
		Point: keyOf(d.GetPoint()), Purpose: purpose,
		Decision: consent.Decision{
			At: d.GetDecidedAt(), Expires: d.GetExpiresAt(), Dec: said, Carried: d.GetCarried(), ID: d.GetSource() + "/" + d.GetId(),
		},
	}, true
}

func claimMessage(c identity.Claim) *eventpb.Claim {
	if !c.Known() {
		return nil
	}
	return &eventpb.Claim{Version: uint32(c.Version), Given: widen(c.Given[:]), Family: widen(c.Family[:]), Birth: widen(c.Birth[:])}
}

func widen(keys []uint16) []uint32 {
	out := make([]uint32, len(keys))
	for i, k := range keys {
		out[i] = uint32(k)
	}
	return out
}

func claimOf(m *eventpb.Claim) identity.Claim {
	c := identity.Claim{Version: uint8(m.GetVersion())} //nolint:gosec // written from a uint8
	narrow(c.Given[:], m.GetGiven())
	narrow(c.Family[:], m.GetFamily())
	narrow(c.Birth[:], m.GetBirth())
	return c
}

func narrow(to []uint16, from []uint32) {
	for i := range min(len(to), len(from)) {
		to[i] = uint16(from[i])
	}
}

func leafMessage(l identity.Leaf) *eventpb.Leaf {
	m := &eventpb.Leaf{Device: keyMessage(l.Device), Stamp: l.Stamp, Month: l.Month, Person: keyMessage(l.Person), Shared: l.Shared, Reference: keyMessage(l.Reference)}
	for _, k := range [...]identifier.Key{l.First, l.Second} {
		if k.Value != "" {
			m.Identifiers = append(m.Identifiers, keyMessage(k))
		}
	}
	return m
}

func keyMessage(k identifier.Key) *eventpb.Identifier {
	if k.Value == "" {
		return nil
	}
	return &eventpb.Identifier{Namespace: string(k.Namespace), Pseudonym: []byte(k.Value)}
}

// LeafOf reads the leaf of an event.
func LeafOf(m *eventpb.Leaf) identity.Leaf {
	l := identity.Leaf{
		Device: optionalKey(m.GetDevice()), Stamp: m.GetStamp(), Month: m.GetMonth(), Person: optionalKey(m.GetPerson()), Shared: m.GetShared(),
		Reference: optionalKey(m.GetReference()),
	}
	for i, id := range m.GetIdentifiers() {
		switch i {
		case 0:
			l.First = keyOf(id)
		case 1:
			l.Second = keyOf(id)
		}
	}
	return l
}

func optionalKey(i *eventpb.Identifier) identifier.Key {
	if i == nil {
		return identifier.Key{}
	}
	return keyOf(i)
}
