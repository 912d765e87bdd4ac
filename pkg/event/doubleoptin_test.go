package event_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
	eventpb "rcu/schemas/event"
)

// A grant waits for its confirmation where neither the act nor the event proves that the point is the person's (consent.md 3.4); and what waits joins
// nobody.
func TestDecisions_waitForConfirmation(t *testing.T) {
	t.Parallel()
	said := func(typ, identifiers, ns, value, more string) []byte {
		return fmt.Appendf(nil, `{"id":"e1","type":%q,"occurred_at":"2026-03-14T09:00:00Z","identifiers":[%s],"consent":[{"point":{"namespace":%q,"value":%q},`+
			`"purpose":"unify_core","notice":{"id":"unify_core","version":"1","language":"fr"},%s}]}`, typ, identifiers, ns, value, more)
	}
	const (
		mail   = `{"namespace":"email","value":"A@example.org"}`
		proved = `{"namespace":"email","value":"a@example.org","proved":true}`
		card   = `{"namespace":"card","value":"2990001234567"}`
		seen   = `{"namespace":"card","value":"2990001234567","proved":true}`
		grant  = `"decision":"grant","expires_at":"2026-09-14T09:00:00Z","act":`
	)
	for name, x := range map[string]struct {
		channel string
		body    []byte
		want    string
	}{
		"typed on a page":             {"web", said("consent.decided", mail, "email", "a@example.org", grant+`"web_form"`), "pending"},
		"and of nobody":               {"web", said("consent.decided", "", "email", "a@example.org", grant+`"web_form"`), "pending"},
		"proved in the event":         {"web", said("consent.decided", proved, "email", "a@example.org", grant+`"web_form"`), "grant"},
		"another one is proved":       {"web", said("consent.decided", proved, "email", "b@example.org", grant+`"web_form"`), "pending"},
		"typed by staff":              {"store", said("consent.decided", mail, "email", "a@example.org", grant+`"store_tablet_spoken"`), "pending"},
		"of a card that nobody saw":   {"store", said("consent.decided", card, "card", "2990001234567", grant+`"store_tablet_spoken"`), "pending"},
		"of a card that was scanned":  {"store", said("consent.decided", seen, "card", "2990001234567", grant+`"store_tablet_spoken"`), "grant"},
		"on paper":                    {"store", said("consent.decided", mail, "email", "a@example.org", grant+`"paper"`), "pending"},
		"signed":                      {"store", said("consent.decided", mail, "email", "a@example.org", grant+`"store_tablet_signed"`), "grant"},
		"of a device":                 {"web", said("consent.decided", "", "cookie", "c-1", grant+`"web_form"`), "grant"},
		"carried over":                {"web", said("consent.decided", mail, "email", "a@example.org", `"method":"carried",`+grant+`"web_form"`), "grant"},
		"a refusal needs no proof":    {"web", said("consent.decided", mail, "email", "a@example.org", `"decision":"refuse","act":"web_form"`), "refuse"},
		"an objection needs no proof": {"store", said("consent.decided", mail, "email", "a@example.org", `"decision":"object","act":"store_tablet_spoken"`), "object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			draft, rejection := decoder(t).Decode(x.body, origin(t, x.channel), received)
			require.Nil(t, rejection, "%+v", rejection)
			_, _, decisions := draft.Stamp(pseudonyms{}, noStamps)
			require.Len(t, decisions, 1)
			require.Equal(t, x.want, decisions[0].GetDecision())
			_, counts := event.DecisionFact(decisions[0])
			require.Equal(t, x.want != "pending", counts)
			if x.want == "pending" {
				require.Zero(t, decisions[0].GetExpiresAt(), "the end is that of the confirmed grant")
			}
		})
	}
}

// The consent API writes what waits on rcu.consents too.
func TestDecisionFact_ofWhatWaits(t *testing.T) {
	_, counts := event.DecisionFact(&eventpb.Decision{Purpose: "unify_core", Decision: "pending"})
	require.False(t, counts)
}
