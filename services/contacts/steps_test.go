package contacts_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// steps are the steps that Kafka was told of; logged are the contacts that count.
func (r *rig) steps() []*eventpb.ContactStep {
	r.t.Helper()
	var out []*eventpb.ContactStep
	for _, record := range r.told {
		var m eventpb.ContactStep
		if record.Decode(&m) == nil {
			out = append(out, &m)
		}
	}
	return out
}

func (r *rig) logged() []stream.Record {
	var out []stream.Record
	for _, record := range r.told {
		if record.Decode(new(eventpb.Changelog)) == nil {
			out = append(out, record)
		}
	}
	return out
}

// Every answer is told, with the reason of a refusal and the decisions that permit, and without a personal value.
func TestSteps_areTold(t *testing.T) {
	r := newRig(t, nil)
	k := r.key(identifier.Email, marie)
	require.Equal(t, "no_permission", r.ask("reserve", mail("m0", marie)).Reason)
	r.decide(k, consent.Marketing, "email", consent.Grant)
	require.True(t, r.ask("reserve", mail("m1", marie)).Allowed)
	require.True(t, r.ask("confirm", mail("m1", marie)).Allowed)
	require.Equal(t, "cap", r.ask("reserve", mail("m2", marie)).Reason)
	require.True(t, r.ask("release", mail("m2", marie)).Allowed)
	require.True(t, r.ask("refused", mail("m1", marie)).Allowed)
	require.True(t, r.ask("confirm", mail("s1", marie).with("purpose", "contract").with("topic", "")).Allowed)

	type told struct{ step, reason string }
	want := []told{{"reserve", "no_permission"}, {"reserve", ""}, {"confirm", ""}, {"reserve", "cap"}, {"release", ""}, {"refused", ""}}
	var got []told
	for _, m := range r.steps() {
		got = append(got, told{m.GetStep(), m.GetReason()})
		require.Equal(t, "shop-fr", m.GetController())
		require.Equal(t, space, m.GetSpace())
		require.Equal(t, k.Value, string(m.GetPoint().GetPseudonym()))
		require.Equal(t, []string{"marketing"}, m.GetNeeds())
		require.Equal(t, r.now.UnixMicro(), m.GetAt())
		require.NotContains(t, protojson.Format(m), marie)
		if m.GetStep() == "confirm" {
			require.Equal(t, []string{"db"}, m.GetProof())
		}
	}
	require.Equal(t, want, got, "a message that serves a contract is counted nowhere")
	require.NotEqual(t, hex.EncodeToString(r.steps()[1].GetContact()), hex.EncodeToString(r.steps()[3].GetContact()))
}

// A seller's own message is an advertisement too: both purposes are told, so that the control asks for both.
func TestSteps_tellWhatTheyNeed(t *testing.T) {
	r := newRig(t, nil)
	r.ask("reserve", mail("m1", marie).with("purpose", "clienteling_contact"))
	require.Equal(t, []string{"clienteling_contact", "marketing"}, r.steps()[0].GetNeeds())
}

// While Kafka is away an answer that counts nothing is given all the same, and that it is missing is counted.
func TestSteps_untold(t *testing.T) {
	r := newRig(t, nil)
	r.silent = errAway
	require.Equal(t, "no_permission", r.ask("reserve", mail("m1", marie)).Reason)
	require.Contains(t, r.logs.String(), "an answer before a contact is missing in clickhouse")
	require.NotContains(t, r.logs.String(), marie)
}
