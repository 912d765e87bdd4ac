package sink_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
)

// Steps of contacts become rows, once each; the log of contacts that lies beside them is for rebuilds, and no dead letter.
func TestSink_stepsOfContacts(t *testing.T) {
	r := newRig(t, testkit.ClickHouse(t))
	r.start("sink")
	at := occurred.UnixMicro()
	step := func(contact byte, name, reason string) *eventpb.ContactStep {
		return &eventpb.ContactStep{
			Space: "fr", Controller: "ka", Contact: []byte{contact}, Step: name, Reason: reason, Channel: "email", Purpose: "marketing",
			Point: &eventpb.Identifier{Namespace: "email", Pseudonym: pseudonym(9)}, Needs: []string{"marketing"}, Proof: []string{"d1"}, At: at,
		}
	}
	for range 2 {
		r.publish(stream.TopicContacts, step(1, "reserve", ""), &eventpb.Changelog{Space: "fr", Key: []byte("cc:"), Value: []byte{1}},
			step(1, "confirm", ""), step(2, "reserve", "cap"), &eventpb.ContactStep{Controller: "ka"})
	}
	r.wait(3.0, "SELECT count() FROM contact_steps FINAL")
	require.Equal(t, []map[string]any{
		{"contact": "01", "step": "confirm", "reason": "", "namespace": "email", "point": "0100000000000000000000000000000009", "needs": []any{"marketing"}, "proof": []any{"d1"}},
		{"contact": "01", "step": "reserve", "reason": "", "namespace": "email", "point": "0100000000000000000000000000000009", "needs": []any{"marketing"}, "proof": []any{"d1"}},
		{"contact": "02", "step": "reserve", "reason": "cap", "namespace": "email", "point": "0100000000000000000000000000000009", "needs": []any{"marketing"}, "proof": []any{"d1"}},
	}, r.ask("SELECT contact, step, reason, namespace, point, needs, proof FROM contact_steps FINAL ORDER BY contact, step"))
	r.wait(1.0, "SELECT count() FROM sends_without_permission WHERE verdict = 'never_asked'")
	r.publish(stream.TopicConsents, &eventpb.Decision{
		Space: "fr", Controller: "ka", Source: "web-1", Id: "d1", Point: &eventpb.Identifier{Namespace: "email", Pseudonym: pseudonym(9)},
		Purpose: "marketing", Channel: "email", Decision: "grant", DecidedAt: at/1e6 - 60, ReceivedAt: at - 60e6,
	})
	r.wait(0.0, "SELECT count() FROM sends_without_permission")
	dead := 0
	for p := range 2 {
		require.NoError(t, r.client.ReadAll(t.Context(), stream.TopicDeadLetter, p, func(stream.Record) error { dead++; return nil }))
	}
	require.Equal(t, 2, dead, "the step without an id")
}
