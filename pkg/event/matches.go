package event

import (
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	eventpb "rcu/schemas/event"
)

// maxRecordName is the longest name of a record that was compared.
const maxRecordName = 64

// MatchMessage returns a match as it lies on rcu.matches.
func MatchMessage(space string, m *identity.Match) *eventpb.Match {
	return &eventpb.Match{
		Space: space, Id: m.ID, A: keyMessage(m.A), B: keyMessage(m.B), RecordA: []byte(m.Records[0]), RecordB: []byte(m.Records[1]),
		At: m.At, Millionths: m.Millionths,
	}
}

// MatchFact returns the fact that a match is to the kernel; false for a message that is none: identifiers that link nobody, or of which
// the greater comes first, a probability or a time that is none.
func MatchFact(m *eventpb.Match) (*identity.Match, bool) {
	match := &identity.Match{ID: m.GetId(), A: optionalKey(m.GetA()), B: optionalKey(m.GetB()), Compared: identity.Compared{
		Records: [2]string{string(m.GetRecordA()), string(m.GetRecordB())}, At: m.GetAt(), Millionths: m.GetMillionths(),
	}}
	sound := func(k identifier.Key) bool { return k.Namespace.Links() && len(k.Value) == identifier.PseudonymSize }
	named := func(record string) bool { return record != "" && len(record) <= maxRecordName }
	switch {
	case m.GetSpace() == "" || match.ID == "" || len(match.ID) > maxActID || match.At <= 0 || match.Millionths > identity.Certain:
		return nil, false
	case !sound(match.A) || !sound(match.B) || !identity.Lesser(match.A, match.B) || !named(match.Records[0]) || !named(match.Records[1]):
		return nil, false
	}
	return match, true
}
