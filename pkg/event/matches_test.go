package event_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	eventpb "rcu/schemas/event"
)

func TestMatchFact(t *testing.T) {
	a := identifier.Key{Namespace: identifier.Card, Value: strings.Repeat("a", identifier.PseudonymSize)}
	b := identifier.Key{Namespace: identifier.Phone, Value: strings.Repeat("b", identifier.PseudonymSize)}
	want := &identity.Match{ID: "m", A: a, B: b, Compared: identity.Compared{Records: [2]string{"ra", "rb"}, At: 5_000_000, Millionths: 999_000}}
	got, ok := event.MatchFact(event.MatchMessage("s", want))
	require.True(t, ok)
	require.Equal(t, want, got)
	for name, spoil := range map[string]func(*eventpb.Match){
		"no space":        func(m *eventpb.Match) { m.Space = "" },
		"no id":           func(m *eventpb.Match) { m.Id = "" },
		"no time":         func(m *eventpb.Match) { m.At = 0 },
		"above certainty": func(m *eventpb.Match) { m.Millionths = identity.Certain + 1 },
		"no record":       func(m *eventpb.Match) { m.RecordB = nil },
		"a long record":   func(m *eventpb.Match) { m.RecordA = make([]byte, 65) },
		"one end":         func(m *eventpb.Match) { m.B = nil },
		"of itself":       func(m *eventpb.Match) { m.B = m.A },
		"greater first":   func(m *eventpb.Match) { m.A, m.B = m.B, m.A },
		"a reference":     func(m *eventpb.Match) { m.B.Namespace = "order" },
		"no pseudonym":    func(m *eventpb.Match) { m.B.Pseudonym = []byte("b") },
	} {
		m := event.MatchMessage("s", want)
		spoil(m)
		_, ok := event.MatchFact(m)
		require.False(t, ok, name)
	}
}
