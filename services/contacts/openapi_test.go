package contacts_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/services/internal/contract"
)

// TestOpenAPI_answersAreAsDescribed checks real answers, good and bad, against the published contract.
func TestOpenAPI_answersAreAsDescribed(t *testing.T) {
	published, r := contract.Load(t, "contacts"), newRig(t, nil)
	for _, p := range []struct {
		ns      identifier.Namespace
		value   string
		channel string
	}{{identifier.Email, marie, "email"}, {identifier.Phone, phone, "phone"}} {
		r.decide(r.key(p.ns, p.value), consent.Marketing, p.channel, consent.Grant)
	}
	reasons := map[string]bool{}
	check := func(key, step string, f fields, good bool) {
		t.Helper()
		raw, err := json.Marshal(f)
		require.NoError(t, err)
		got := r.send(key, step, f)
		wrong := published.Hold(t, http.MethodPost, "/v1/contacts/"+step, string(raw), got)
		require.Equal(t, good, wrong == nil, "%s: %v", raw, wrong)
		require.Equal(t, good, got.Code == http.StatusOK || got.Code == http.StatusServiceUnavailable || got.Code == http.StatusForbidden || got.Code == http.StatusUnauthorized)
		var a struct{ Reason string }
		require.NoError(t, json.Unmarshal(got.Body.Bytes(), &a))
		reasons[a.Reason] = true
	}
	full := mail("m1", marie).with("places", []string{"FR-67"}).with("controller", "shop-fr").with("also", []fields{{"purpose": "contract"}})
	for _, step := range []string{"reserve", "confirm", "confirm", "reserve", "release"} {
		check("service", step, full, true)
	}
	for _, f := range []fields{mail("m2", marie), mail("m3", "nobody@example.org"), call("c1", phone), call("c3", phone), call("c2", "+881631074921"), mail("m4", marie).with("purpose", "contract")} {
		for _, step := range []string{"reserve", "confirm", "refused"} {
			check("service", step, f, true)
		}
	}
	check("operator", "reserve", full, true)
	check("", "reserve", full, true)
	r.away(errAway)
	check("service", "reserve", full, true)
	r.away(nil)
	for _, f := range []fields{full.with("purpose", "spam"), full.with("channel", "fax"), full.with("id", ""), full.with("force", true), full.with("topic", "A B"), {}} {
		check("service", "reserve", f, false)
	}
	published.AllAsked(t)
	for _, reason := range []string{"cap", "already_made", "no_permission", "unavailable", "refused_before", "role", "no_key", "unknown_purpose"} {
		require.True(t, reasons[reason], "%s in %v", reason, reasons)
	}
}
