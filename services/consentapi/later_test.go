package consentapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A withdrawal takes effect at once and stays, also where the clock was set back behind the grant, or where the grant was taken in by a machine whose clock
// is faster.
func TestWithdrawal_holdsOverWhatAFasterClockGranted(t *testing.T) {
	r := newRig(t)
	require.Equal(t, http.StatusOK, r.post("/v1/consents", "service", grant(nil)).Code)
	r.pass(2 * time.Hour)
	require.Equal(t, http.StatusOK, r.post("/v1/consents", "service", grant(nil)).Code, "by the faster clock")
	r.pass(-time.Hour)
	require.True(t, r.mailing(), "the first grant")
	require.Equal(t, http.StatusOK, r.post("/v1/consents", "seller", withdrawal(nil)).Code)
	for range 8 {
		require.False(t, r.mailing(), "at %s", r.now())
		r.pass(15 * time.Minute)
	}
	require.Len(t, r.kafka.decisions(t), 4, "what the registers have, Kafka has: they can be made again from it")
	require.Equal(t, http.StatusOK, r.post("/v1/consents", "service", grant(nil)).Code)
	require.True(t, r.mailing(), "asked again, behind all that")
}

// What is said to have been withdrawn earlier takes back nothing that was granted since.
func TestWithdrawal_ofAnEarlierTimeLeavesALaterGrant(t *testing.T) {
	r := newRig(t)
	require.Equal(t, http.StatusOK, r.post("/v1/consents", "service", grant(nil)).Code)
	earlier := withdrawal(fields{"decided_at": r.now().Add(-time.Hour).Format(time.RFC3339)})
	require.Equal(t, http.StatusOK, r.post("/v1/consents", "seller", earlier).Code)
	require.True(t, r.mailing())
}
