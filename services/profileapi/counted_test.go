package profileapi_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
)

// refused reads what gate G4 counted, by purpose and effect.
func (a *api) refused() map[string]float64 {
	a.t.Helper()
	return testkit.MetricBy(a.t, a.registry, "rcu_gate_refused_total", "gate", "purpose", "effect")
}

// What gate G4 refuses at a read is counted by purpose: a whole record that the person did not agree to show for it, and each part that is left out.
func TestRefusals_areCountedByPurpose(t *testing.T) {
	w := newWorld(t)
	a := newAPI(t, w, nil)
	w.send(web, "consent.decided", at(10, 8), fields{"consent": consentOf("cookie", "ck-1", "unify_behaviour", "", "grant")})
	w.send(web, "account.logged_in", at(11, 10), fields{"identifiers": ids("cookie", "ck-1", "email", mail)})
	w.send(web, "page.viewed", at(11, 11), fields{"identifiers": ids("cookie", "ck-1"), "data": fields{"path": "/shoes"}})
	w.send(web, "order.placed", at(11, 12), fields{"identifiers": append(ids("email", mail), map[string]any{"namespace": "order", "value": "W-1"}), "data": total(2000)})
	for _, purpose := range []string{"contract", "unify_behaviour"} {
		a.lookup("seller", "email", mail, purpose).record()
	}
	require.Empty(t, a.refused(), "nothing was refused")
	require.Zero(t, a.lookup("seller", "email", mail, "store_view_web").record().Counters["page.viewed"])
	want := map[string]float64{"G4 store_view_web filtered": 1}
	require.Equal(t, want, a.refused(), "the browsing was left out, the order was not")
	require.Equal(t, http.StatusForbidden, a.lookup("service", "email", mail, "share_partner:acme").Code)
	require.Equal(t, http.StatusForbidden, a.lookup("service", "email", mail, "profiling").Code)
	require.Equal(t, http.StatusForbidden, a.lookup("service", "email", mail, "profiling").Code)
	refused := a.refused()
	require.EqualValues(t, 2, refused["G4 profiling denied"])
	for label := range refused {
		require.NotContains(t, label, "acme", "nobody's name is a label")
	}
	w.send(web, "consent.decided", at(12, 8), fields{"consent": consentOf("email", mail, "store_view_web", "", "grant")})
	require.EqualValues(t, 1, a.lookup("seller", "email", mail, "store_view_web").record().Counters["page.viewed"])
	require.EqualValues(t, 1, a.refused()["G4 store_view_web filtered"], "what is shown is not counted")
}
