package ingest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// A withdrawal that an event tells stays in force where the clock was set back behind the grant, or another ingestor's clock was faster.
func TestWithdrawal_holdsOverAGrantThatLiesAhead(t *testing.T) {
	r := newRig(t, "web", nil)
	r.clock.Add(int64(time.Hour))
	require.Equal(t, "accepted", statuses(r.send("web-1", decision("g", "cookie", "ck1", "unify_behaviour", "grant", "2026-03-14T12:59:00Z"))))
	r.clock.Add(-int64(time.Hour))
	for range 2 {
		require.Equal(t, "accepted", statuses(r.send("web-1", decision("d", "cookie", "ck1", "unify_behaviour", "withdraw", late))), "sent twice")
	}
	register, err := consent.DecodeRegister(r.register(identifier.Cookie, "ck1").Value)
	require.NoError(t, err)
	for _, at := range []string{"2026-03-14T12:00:00Z", "2026-03-14T12:59:00Z", "2026-03-14T15:00:00Z"} {
		require.False(t, register.AllowedAt(consent.UnifyBehaviour, "", seconds(t, at)), at)
	}
	told := map[string]bool{}
	for _, d := range r.decisions() {
		told[d.GetDecision()+" "+time.Unix(d.GetDecidedAt(), 0).UTC().Format(time.TimeOnly)] = true
	}
	require.Equal(t, map[string]bool{"grant 12:59:00": true, "withdraw 11:59:00": true, "withdraw 12:59:00": true}, told, "Kafka has what the registers have")
}
