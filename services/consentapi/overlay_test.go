package consentapi_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// An overlay masks every point of the person at once; lifted, what was decided holds as before.
func TestOverlay_masksAndGivesBack(t *testing.T) {
	r := newRig(t)
	own, other := r.key(identifier.Email, mail), r.key(identifier.Phone, "0612345678")
	r.people[own] = []identifier.Key{other}
	require.Equal(t, 200, r.post("/v1/consents", "service", grant(nil)).Code)
	allowed := func() bool { return r.allowed(identifier.Email, mail, "retail", consent.Marketing, "email") }
	require.True(t, allowed())
	r.pass(time.Second)
	a := r.post("/v1/overlays", "privacy", fields{"point": point("email", mail), "overlay": "restricted", "id": "case-1"})
	require.Equal(t, 200, a.Code, a.Body)
	require.Equal(t, "denied", a.json()["state"])
	require.Len(t, a.json()["receipts"], 2, "both points of the person")
	require.False(t, allowed())
	require.False(t, r.allowed(identifier.Phone, "0612345678", "retail", consent.UnifyCore, ""))
	require.True(t, r.allowed(identifier.Email, mail, "retail", consent.Contract, ""))
	r.pass(time.Second)
	require.Equal(t, 200, r.post("/v1/overlays", "privacy", fields{"point": point("email", mail), "overlay": "restricted", "lift": true}).Code)
	require.True(t, allowed())
	require.True(t, r.allowed(identifier.Phone, "0612345678", "retail", consent.UnifyCore, ""))
}

// A minor's own grants never count, also when the minority ended; until then joint consent opens.
func TestOverlay_minor(t *testing.T) {
	r := newRig(t)
	birthday := r.now().AddDate(0, 6, 0)
	require.Equal(t, 200, r.post("/v1/overlays", "service", fields{"point": point("email", mail), "overlay": "minor", "until": birthday.Format(time.RFC3339)}).Code)
	require.Equal(t, 200, r.post("/v1/consents", "service", grant(nil)).Code)
	allowed := func() bool { return r.allowed(identifier.Email, mail, "retail", consent.Marketing, "email") }
	require.False(t, allowed())
	r.pass(birthday.Sub(r.now()) + time.Hour)
	require.False(t, allowed(), "on the birthday nothing is granted by itself")
	require.Equal(t, 200, r.post("/v1/consents", "service", grant(nil)).Code)
	require.True(t, allowed(), "the adult agreed")
}

func TestOverlay_badInput(t *testing.T) {
	r := newRig(t)
	body := func(more fields) fields {
		f := fields{"point": point("email", mail), "overlay": "restricted"}
		maps.Copy(f, more)
		return f
	}
	require.Equal(t, 403, r.post("/v1/overlays", "seller", body(nil)).Code)
	require.Equal(t, "unknown_overlay", r.post("/v1/overlays", "service", body(fields{"overlay": "paused"})).reason())
	require.Equal(t, "expiry", r.post("/v1/overlays", "service", body(fields{"until": r.now().Format(time.RFC3339)})).reason())
	require.Equal(t, "expiry", r.post("/v1/overlays", "service", body(fields{"lift": true, "until": r.now().Add(time.Hour).Format(time.RFC3339)})).reason())
	require.Equal(t, "other_controller", r.post("/v1/overlays", "service", body(fields{"controller": "elsewhere"})).reason())
	require.Empty(t, r.kafka.decisions(t))
	r.kafka.set(true)
	require.Equal(t, 200, r.post("/v1/overlays", "service", body(nil)).Code, "in force with Kafka away")
	require.Equal(t, 503, r.post("/v1/overlays", "service", body(fields{"lift": true})).Code, "never lifted before it is durable")
	require.False(t, r.allowed(identifier.Email, mail, "retail", consent.UnifyCore, ""))
}
