package consent_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	eventpb "rcu/schemas/event"
)

func TestOverLater(t *testing.T) {
	t.Parallel()
	const received = 100_000
	for name, x := range map[string]struct {
		granted, decided int64
		decision         string
		want             int64
	}{
		"a grant that lies ahead":          {received + 3600, received, "withdraw", received + 3600},
		"told some seconds later":          {received + 3600, received - 4, "object", received + 3600},
		"a grant of the same second":       {received, received, "withdraw", 0},
		"a grant of before":                {received - 60, received, "withdraw", 0},
		"a grant that was said since":      {received - 2, received - 4, "withdraw", 0},
		"a denial of long ago":             {received + 3600, received - 3600, "withdraw", 0},
		"a grant is no denial":             {received + 3600, received, "grant", 0},
		"nothing was ever granted":         {0, received, "refuse", 0},
		"a denial that itself lies behind": {received + 10, received + 20, "withdraw", 0},
	} {
		var r consent.Register
		if x.granted > 0 {
			r = on(consent.Marketing, consent.ChannelEmail, grant(x.granted))
		}
		d := &eventpb.Decision{Id: "d", Purpose: string(consent.Marketing), Channel: consent.ChannelEmail, Decision: x.decision, DecidedAt: x.decided, ReceivedAt: received * 1e6}
		later, ok := consent.OverLater(d, r)
		require.Equal(t, x.want > 0, ok, name)
		require.Equal(t, x.want, later.GetDecidedAt(), name)
		if ok {
			joined, changed := r.JoinAll(d, later)
			require.True(t, changed, name)
			for _, at := range []int64{received, x.want, x.want + 3600} {
				require.False(t, joined.AllowedAt(consent.Marketing, consent.ChannelEmail, at), name)
			}
			require.Equal(t, x.decided, d.GetDecidedAt(), name)
		}
	}
}
