package resolver_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/services/contacts"
	"rcu/services/profileapi"
)

// TestPermitted_consumerTenMinutesBehind: a withdrawal holds for collection, reads and contacts although the resolver has not heard of it for ten
// minutes; a sale goes on; and what it had told before is taken back once it has caught up.
func TestPermitted_consumerTenMinutesBehind(t *testing.T) {
	w := newPermitWorld(t, 1, sabotage{})
	s := newStory(1, 1)
	cookie, mail, number := s.cookies[0], s.mails[0], s.numbers[0]
	at := w.now.Add(-time.Hour)
	when := at.Format(time.RFC3339)
	grant := func(ns identifier.Namespace, point, purpose, channel string) {
		s.say(w, ns, said{controller: retail, point: point, purpose: purpose, channel: channel, at: at.Add(-time.Minute).Unix()})
	}
	grant(identifier.Cookie, cookie, "unify_behaviour", "")
	grant(identifier.Email, mail, "marketing", "email")
	w.take("web", retail, j("login", "account.logged_in", when, list(proved("customer", number), proved("email", mail)), map[string]any{"method": "password"}))
	page := func(id string) {
		w.take("web", retail, j(id, "page.viewed", when, list(is("cookie", cookie), proved("customer", number)), map[string]any{"path": "/"}))
	}
	page("seen")
	w.catchUp()
	pages := func() int64 {
		var a profileapi.Answer
		require.Equal(t, http.StatusOK, w.ask(w.profiles, retail, "/v1/profiles/lookup", map[string]any{"identifier": is("customer", number), "purpose": "unify_behaviour"}, &a))
		return a.Counters["page.viewed"]
	}
	reserved := func(id string) bool {
		var a contacts.Answer
		body := map[string]any{"id": id, "point": is("email", mail), "channel": "email", "purpose": "marketing"}
		require.Equal(t, http.StatusOK, w.ask(w.contacts, retail, "/v1/contacts/reserve", body, &a))
		return a.Allowed
	}
	require.EqualValues(t, 1, pages())
	require.True(t, reserved("before"))
	require.NotEmpty(t, w.rows()["seen"].person)

	now := w.now.Unix()
	s.say(w, identifier.Cookie, said{controller: retail, point: cookie, purpose: "unify_behaviour", denies: 2, at: now})
	s.say(w, identifier.Email, said{controller: retail, point: mail, purpose: "marketing", channel: "email", denies: 2, at: now})
	for range 2 {
		require.Zero(t, pages())
		require.False(t, reserved("after"))
		w.now = w.now.Add(10 * time.Minute) // the resolver reads nothing
	}
	page("later")
	w.take("store", retail, j("sale", "sale", when, list(proved("card", s.card), is("ticket", "t1")), euros(100)))
	w.catchUp()
	rows := w.rows()
	require.Empty(t, rows["seen"].person)
	require.NotContains(t, rows, "later")
	require.NotEmpty(t, rows["sale"].person)
	require.Zero(t, pages())
}
