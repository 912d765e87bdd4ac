package resolver_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// pairOf is an act on two identifiers of a rig.
func pairOf(r *rig, id, op string, t int64, a, b identifier.Key) *eventpb.Act {
	r.t.Helper()
	if identity.Lesser(b, a) {
		a, b = b, a
	}
	return &eventpb.Act{Space: space, Id: id, Op: op, A: identifierOf(a), B: identifierOf(b), T: t}
}

func (r *rig) keyOf(ns identifier.Namespace, value string) identifier.Key {
	return identifier.KeyOf(ns, r.ring.Pseudonym(space, ns, value))
}

// publishAct puts a record on rcu.acts as it is.
func (r *rig) publishAct(m *eventpb.Act, change ...func(*stream.Record)) {
	r.t.Helper()
	record, err := stream.Encode(stream.TopicActs, m.GetA().GetPseudonym(), m, time.Now())
	require.NoError(r.t, err)
	for _, f := range change {
		f(&record)
	}
	require.NoError(r.t, r.out.Publish(r.t.Context(), []stream.Record{record}))
}

// deadLetters counts what was put aside.
func (r *rig) deadLetters() (n int) {
	r.t.Helper()
	parts, err := r.client.Partitions(r.t.Context(), stream.TopicDeadLetter)
	require.NoError(r.t, err)
	for p := range parts {
		require.NoError(r.t, r.client.ReadAll(r.t.Context(), stream.TopicDeadLetter, p, func(stream.Record) error { n++; return nil }))
	}
	return n
}

// An act that cannot be applied is put aside, each once; the acts before and behind it hold, and nobody else is moved.
func TestResolver_anActThatCannotBeAppliedIsPutAsideAndTheOthersHold(t *testing.T) {
	r := newRig(t)
	r.start("a")
	card, mail := r.keyOf("card", "2990001234567"), r.keyOf("email", "marie@example.fr")
	r.store(j("s1", "sale", noon, list(proved("card", "2990001234567"), proved("email", "marie@example.fr")), euros(1000)))
	one := r.id("card", "2990001234567")
	r.eventually("they are one", func() bool { return r.owners()["s1"] == one && r.person("email", "marie@example.fr").Canonical == card })

	good := pairOf(r, "ban-1", "ban", 1000, card, mail)
	bad := map[string]func(*eventpb.Act){
		"of a value with itself":        func(m *eventpb.Act) { m.B = m.GetA() },
		"its ends the wrong way round":  func(m *eventpb.Act) { m.A, m.B = m.GetB(), m.GetA() },
		"an op that nobody knows":       func(m *eventpb.Act) { m.Op = "merge" },
		"one end missing":               func(m *eventpb.Act) { m.B = nil },
		"an end too many":               func(m *eventpb.Act) { m.Op = "quarantine" },
		"a namespace that joins nobody": func(m *eventpb.Act) { m.B.Namespace = "order" },
		"a pseudonym cut short":         func(m *eventpb.Act) { m.A.Pseudonym = m.GetA().GetPseudonym()[1:] },
		"no id":                         func(m *eventpb.Act) { m.Id = "" },
		"an id without end":             func(m *eventpb.Act) { m.Id = string(bytes.Repeat([]byte("x"), 1000)) },
		"no time":                       func(m *eventpb.Act) { m.T = 0 },
		"no space":                      func(m *eventpb.Act) { m.Space = "" },
	}
	for name, change := range bad {
		m := proto.CloneOf(pairOf(r, "bad "+name, "together", 5000, card, mail))
		change(m)
		r.publishAct(m)
	}
	r.publishAct(good, func(x *stream.Record) { x.Value = []byte("no act at all") })
	r.publishAct(good)
	r.eventually("the ban behind them holds", func() bool { return r.person("email", "marie@example.fr").Canonical == mail })
	r.eventually("each is put aside once", func() bool { return r.deadLetters() == len(bad)+1 })
	require.Equal(t, card, r.person("card", "2990001234567").Canonical)

	// An act that contradicts others is none of these: it is kept, and does what the others leave.
	phone := r.keyOf("phone", "+33611111111")
	r.publishAct(pairOf(r, "together-1", "together", 2000, card, phone))
	r.publishAct(pairOf(r, "together-2", "together", 3000, mail, phone))
	r.eventually("the ban holds against both", func() bool {
		apart := r.person("email", "marie@example.fr").Canonical != r.person("card", "2990001234567").Canonical
		return apart && len(r.person("phone", "+33611111111").Members) == 2
	})
	r.publishAct(pairOf(r, "clear-1", "clear", 4000, card, mail))
	r.eventually("without it they are three of one", func() bool { return len(r.person("phone", "+33611111111").Members) == 3 })
	require.Equal(t, len(bad)+1, r.deadLetters(), "acts that hold are not put aside")
}
