package event_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	eventpb "rcu/schemas/event"
)

func TestActFact(t *testing.T) {
	id := func(ns, c string) *eventpb.Identifier {
		return &eventpb.Identifier{Namespace: ns, Pseudonym: []byte(strings.Repeat(c, identifier.PseudonymSize))}
	}
	pair := func() *eventpb.Act {
		return &eventpb.Act{Space: "s", Id: "1", Op: "ban", A: id("email", "a"), B: id("card", "b"), T: 7}
	}
	one := func() *eventpb.Act {
		return &eventpb.Act{Space: "s", Id: "1", Op: "quarantine", A: id("email", "a"), T: 7}
	}
	got, ok := event.ActFact(pair())
	require.True(t, ok)
	require.Equal(t, &identity.Act{
		ID: "1", T: 7, Op: identity.Ban, A: identifier.Key{Namespace: "email", Value: strings.Repeat("a", 17)}, B: identifier.Key{Namespace: "card", Value: strings.Repeat("b", 17)},
	}, got)
	for _, op := range []string{"quarantine", "release", "auto"} {
		m := one()
		m.Op = op
		got, ok = event.ActFact(m)
		require.True(t, ok)
		require.Equal(t, op, got.Op.String())
	}
	for name, change := range map[string]func(*eventpb.Act){
		"no space": func(m *eventpb.Act) { m.Space = "" }, "no id": func(m *eventpb.Act) { m.Id = "" }, "a long id": func(m *eventpb.Act) { m.Id = strings.Repeat("x", 129) },
		"unknown op": func(m *eventpb.Act) { m.Op = "merge" }, "no op": func(m *eventpb.Act) { m.Op = "" }, "no time": func(m *eventpb.Act) { m.T = 0 },
		"one end":     func(m *eventpb.Act) { m.B = nil },
		"with itself": func(m *eventpb.Act) { m.B = proto.CloneOf(m.GetA()) },
		"two for one": func(m *eventpb.Act) { m.Op = "release" },
		"wrong order": func(m *eventpb.Act) { m.A, m.B = m.GetB(), m.GetA() },
		"a reference": func(m *eventpb.Act) { m.B.Namespace = "order" },
		"short":       func(m *eventpb.Act) { m.B.Pseudonym = []byte("b") },
		"long reason": func(m *eventpb.Act) { m.Reason = make([]byte, 5000) },
	} {
		m := pair()
		change(m)
		_, ok := event.ActFact(m)
		require.False(t, ok, name)
	}
}
