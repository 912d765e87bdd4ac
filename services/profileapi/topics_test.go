package profileapi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
)

// wishes says a wish about a topic at a point, with a controller.
func (w *world) wishes(controller, topic, decision, ns, value string, at, until time.Time) {
	w.t.Helper()
	p := w.ring.Pseudonym(space, identifier.Namespace(ns), value)
	k := identifier.KeyOf(identifier.Namespace(ns), p)
	d := &eventpb.Decision{
		Space: space, Controller: controller, Source: "site", Id: topic + decision, Point: &eventpb.Identifier{Namespace: ns, Pseudonym: p[:]},
		Purpose: "wish:topic:" + topic, Decision: decision, DecidedAt: at.Unix(),
	}
	if !until.IsZero() {
		d.ExpiresAt = until.Unix()
	}
	name := resolve.DecisionCell(d, k)
	joined, _, err := resolve.JoinDecisions(name, w.get(name).Value, []*eventpb.Decision{d})
	require.NoError(w.t, err)
	w.put(name, joined)
}

// What a customer does not want to hear of is told to whoever proposes something, at the next read; nobody else, and nobody with the reason.
func TestSuppressedTopics_areToldToWhoeverProposesSomething(t *testing.T) {
	w := newWorld(t)
	marie(w)
	a := newAPI(t, w, nil)
	topics := func(key string) []string { return a.lookup(key, "card", card, "contract").record().SuppressedTopics }
	require.Empty(t, topics("seller"))
	w.wishes("shop-fr", "baby", "object", "email", mail, at(13, 9), time.Time{})
	require.Equal(t, []string{"baby"}, topics("seller"), "said at the address, and found by the card")
	for role, told := range map[string]bool{"manager": true, "adviser": true, "service": true, "privacy": true, "pickup": false, "steward": false, "operator": false} {
		require.Equal(t, told, len(topics(role)) > 0, role)
	}
	w.wishes("shop-fr", "mothers_day", "object", "card", card, at(13, 10), clock.Add(time.Hour))
	w.wishes("shop-fr", "alcohol", "object", "card", card, at(13, 10), clock.Add(-time.Hour))
	w.wishes("spa-fr", "children", "object", "email", mail, at(13, 11), time.Time{})
	require.Equal(t, []string{"baby", "mothers_day"}, topics("seller"), "one is over, one was said to another controller")
	require.Equal(t, []string{"baby", "children", "mothers_day"}, topics("seller+"))
	w.wishes("shop-fr", "baby", "grant", "email", mail, at(13, 12), time.Time{})
	require.Equal(t, []string{"mothers_day"}, topics("seller"))
	w.put(resolve.WishCell(space, "shop-fr", identifier.KeyOf(identifier.Email, w.ring.Pseudonym(space, identifier.Email, mail))), []byte{9})
	require.Equal(t, []string{"*"}, topics("seller"), "what cannot be read permits no word, and hides no order")
}
