package profileapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBrowsing_underPurposeAndGrantOnly(t *testing.T) {
	w := newWorld(t)
	a := newAPI(t, w, nil)
	grant := func(day int, purpose, ns, value, decision string) {
		w.send(web, "consent.decided", at(day, 8), fields{"consent": consentOf(ns, value, purpose, "", decision)})
	}
	page := func(day int) bool {
		return w.send(web, "page.viewed", at(day, 9), fields{"identifiers": ids("cookie", "ck-1"), "data": fields{"path": "/shoes"}})
	}
	require.False(t, page(9), "not collected without a grant")
	grant(10, "unify_behaviour", "cookie", "ck-1", "grant")
	require.True(t, page(11))
	w.send(web, "account.logged_in", at(11, 10), fields{"identifiers": ids("cookie", "ck-1", "email", mail)})
	w.send(web, "order.placed", at(11, 11), fields{"identifiers": append(ids("email", mail), map[string]any{"namespace": "order", "value": "W-1"}), "data": total(2000)})

	pages := func(key, purpose string) int64 {
		r := a.lookup(key, "email", mail, purpose).record()
		require.Len(t, r.Orders, 1)
		timeline := a.get(key, "/v1/profiles/"+r.RCUID+"/timeline?purpose="+purpose)
		require.Equal(t, r.Counters["page.viewed"] > 0, strings.Contains(timeline.Body.String(), "page.viewed"))
		return r.Counters["page.viewed"]
	}
	require.EqualValues(t, 1, pages("seller", "unify_behaviour"))
	require.EqualValues(t, 0, pages("seller", "contract"), "not for a purpose that is not about browsing")
	require.EqualValues(t, 0, pages("seller", "store_view_web"), "not without a grant for it")
	require.EqualValues(t, 0, pages("adviser", "unify_behaviour"), "not for a role that does not see it")
	grant(12, "store_view_web", "email", mail, "grant")
	require.EqualValues(t, 1, pages("seller", "store_view_web"))

	grant(13, "unify_behaviour", "cookie", "ck-1", "withdraw")
	require.EqualValues(t, 0, pages("seller", "unify_behaviour"), "gone, the order stays")
	require.EqualValues(t, 0, pages("seller", "store_view_web"))
	require.False(t, page(14))
	grant(15, "unify_behaviour", "cookie", "ck-1", "grant")
	require.True(t, page(16))
	require.EqualValues(t, 2, pages("seller", "store_view_web"), "what was seen under a grant comes back")
}

func TestContacts_permittedForThePurposeOnly(t *testing.T) {
	w := newWorld(t)
	marie(w)
	a := newAPI(t, w, nil)
	values := func(key, purpose string, more ...string) []string {
		var out []string
		for _, c := range a.lookup(key, "card", card, purpose, more...).record().Contacts {
			require.True(t, c.Permitted == nil || *c.Permitted)
			out = append(out, c.Value)
		}
		return out
	}
	require.Equal(t, []string{card, mail, "+33612345678"}, values("service", "contract"))
	require.Empty(t, values("service", "marketing"))
	w.send(web, "consent.decided", at(14, 9), fields{"consent": consentOf("email", mail, "marketing", "email", "grant")})
	require.Equal(t, []string{mail}, values("service", "marketing"))
	require.Empty(t, values("service+", "marketing"), "spa-fr has no grant for it")
	require.Equal(t, []string{mail}, values("service+", "marketing", "controller", "shop-fr"))
	w.send(web, "consent.decided", at(15, 9), fields{"consent": consentOf("email", mail, "marketing", "email", "withdraw")})
	require.Empty(t, values("service", "marketing"))
}

func TestPurposesOfThePerson_refusedWithoutAgreement(t *testing.T) {
	w := newWorld(t)
	marie(w)
	a := newAPI(t, w, nil)
	for _, purpose := range []string{"profiling", "share_partner:acme"} {
		refused := a.lookup("service", "email", mail, purpose)
		require.Equal(t, http.StatusForbidden, refused.Code)
		require.Equal(t, "purpose_not_allowed", refused.reason())
		w.send(web, "consent.decided", at(14, 9), fields{"consent": consentOf("email", mail, purpose, "", "grant")})
		require.Equal(t, purpose, a.lookup("service", "email", mail, purpose).record().Purpose)
		require.Equal(t, []string{"shop-fr"}, a.lookup("service+", "email", mail, purpose).record().Controllers, "spa-fr has no grant")
		w.send(web, "consent.decided", at(15, 9), fields{"consent": consentOf("phone", phone, purpose, "", "refuse")})
		require.Equal(t, http.StatusForbidden, a.lookup("service", "email", mail, purpose).Code)
	}
	require.Equal(t, http.StatusForbidden, a.lookup("service", "email", mail, "share_partner:other").Code)
	require.Equal(t, http.StatusOK, a.lookup("service", "email", mail, "analytics_individual").Code, "allowed until somebody objects")
	w.send(web, "consent.decided", at(15, 9), fields{"consent": consentOf("email", mail, "analytics_individual", "", "object")})
	require.Equal(t, http.StatusForbidden, a.lookup("service", "email", mail, "analytics_individual").Code)
}
