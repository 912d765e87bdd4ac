package contacts_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

var counts = regexp.MustCompile(`(?m)^(rcu_gate_refused_total|rcu_contacts_answers_total)(\{.*\}) (\d+)$`)

// counted reads the counters of refusals and answers.
func (r *rig) counted() map[string]string {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.service.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(r.t, http.StatusOK, w.Code)
	out := map[string]string{}
	for _, m := range counts.FindAllStringSubmatch(w.Body.String(), -1) {
		out[m[1]+m[2]] = m[3]
	}
	return out
}

// A purpose that names a recipient or kind contacts nobody: no such name is ever counted, so that labels stay few and hold no name.
func TestNamesOfRecipients_areNoLabels(t *testing.T) {
	r := newRig(t, nil)
	k := r.key(identifier.Email, marie)
	for _, info := range consent.Purposes() {
		name := string(info.Purpose) + ":acme"
		if info.Parameter {
			r.decide(k, consent.Purpose(name), "", consent.Grant)
		}
		for _, step := range []string{"reserve", "confirm", "release", "refused"} {
			for _, body := range []fields{mail("m1", marie).with("purpose", name), mail("m1", marie).with("purpose", name).with("channel", "")} {
				require.Equal(t, http.StatusBadRequest, r.send("service", step, body).Code, "%s for %s", step, name)
			}
		}
	}
	require.Empty(t, r.counted())
	require.NotContains(t, r.logs.String(), "acme")
}

// What gate G4 refuses before a contact is counted by purpose, and nothing that another rule refuses is.
func TestRefusals_areCountedByPurpose(t *testing.T) {
	r := newRig(t, nil)
	k := r.key(identifier.Email, marie)
	const refused = `rcu_gate_refused_total{effect="denied",gate="G4",purpose="marketing"}`
	answers := func(reason string) string {
		return `rcu_contacts_answers_total{channel="email",purpose="marketing",reason="` + reason + `",step="reserve"}`
	}
	r.ask("reserve", mail("m1", marie))
	r.ask("reserve", mail("m1", marie))
	require.Equal(t, map[string]string{refused: "2", answers("no_permission"): "2"}, r.counted())
	r.decide(k, consent.Marketing, "email", consent.Grant)
	require.True(t, r.ask("reserve", mail("m1", marie)).Allowed)
	require.Equal(t, map[string]string{refused: "2", answers("no_permission"): "2", answers("none"): "1"}, r.counted())
	require.True(t, r.ask("confirm", mail("m1", marie)).Allowed)
	capped := r.ask("reserve", mail("m2", marie))
	require.False(t, capped.Allowed)
	require.NotEqual(t, "no_permission", capped.Reason)
	require.Equal(t, "2", r.counted()[refused], "a cap is no gate of consent")
	r.decide(k, consent.Marketing, "email", consent.Object, r.now)
	require.False(t, r.ask("confirm", mail("m3", marie)).Allowed)
	require.Equal(t, "3", r.counted()[refused], "at both steps")
	require.Equal(t, "1", r.counted()[`rcu_contacts_answers_total{channel="email",purpose="marketing",reason="none",step="confirm"}`])
}
