package consent_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// A grant of offers ends three years after the last act of the person, by itself, and is told so before.
func TestPoint_endsWithInactivity(t *testing.T) {
	years := func(n int) int64 { return time.Date(2020+n, 3, 1, 0, 0, 0, 0, time.UTC).Unix() }
	mail := identifier.Key{Namespace: identifier.Email, Value: "m"}
	register, _ := consent.Register{}.Join(consent.PurposeChannel{Purpose: consent.Marketing, Channel: consent.ChannelEmail}, consent.Decision{Dec: consent.Grant, At: years(0), ID: "g"})
	register, _ = register.Join(consent.PurposeChannel{Purpose: consent.Survey, Channel: consent.ChannelEmail}, consent.Decision{Dec: consent.Grant, At: years(0), ID: "g"})
	points := []consent.Point{{Key: mail, Register: register}}
	may := func(lastAct, t int64) bool {
		consent.Acted(points, lastAct)
		return consent.Permissions(points, t).HasOn(consent.Marketing, consent.ChannelEmail)
	}
	require.True(t, may(0, years(3)-1))
	require.False(t, may(0, years(3)))
	require.True(t, may(years(2), years(5)-1))
	require.False(t, may(years(2), years(5)))
	require.False(t, may(years(-1), years(3)), "an act before the grant")
	require.True(t, consent.Permissions(points, years(9)).HasOn(consent.Survey, consent.ChannelEmail), "ends by its date, which whoever grants states")

	consent.Acted(points, years(2))
	ends := consent.Ends(points, years(4))
	require.Len(t, ends, 1)
	require.Equal(t, years(5), ends[0].At)
	require.True(t, ends[0].Mask.HasOn(consent.Marketing, consent.ChannelEmail))
	require.False(t, consent.Quiet(points, years(4)))
	require.True(t, consent.Quiet(points, years(5)))
}

// Whoever keeps the mask of a profile with its ends is right at every time, also about inactivity.
func TestEnds_tellInactivity(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 3))
	month := func(n int) int64 { return time.Date(2020, time.Month(1+n), 1, 0, 0, 0, 0, time.UTC).Unix() }
	channels := []string{consent.ChannelEmail, consent.ChannelSMS}
	for range 3000 {
		var register consent.Register
		for n := range 1 + rng.IntN(5) {
			d := consent.Decision{Dec: consent.Dec(1 + rng.IntN(2)), At: month(rng.IntN(40)), ID: string(rune('a' + n))}
			if rng.IntN(3) == 0 {
				d.Expires = d.At + int64(rng.IntN(40))*30*86400
			}
			register, _ = register.Join(consent.PurposeChannel{Purpose: consent.Marketing, Channel: channels[rng.IntN(2)]}, d)
		}
		points := []consent.Point{{Key: identifier.Key{Namespace: identifier.Email, Value: "m"}, Register: register, LastAct: month(rng.IntN(50))}}
		now := month(rng.IntN(60))
		mask, ends := consent.Permissions(points, now), consent.Ends(points, now)
		for n := range 120 {
			at, held := now+int64(n)*15*86400, mask
			for _, e := range ends {
				if e.At <= at {
					held &^= e.Mask
				}
			}
			require.Zero(t, held&^consent.Permissions(points, at), "told more than is permitted")
		}
	}
}
