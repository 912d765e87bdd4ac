package consent_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// after is the mask of a profile at a later time, by what was told of its ends.
func after(mask consent.Mask, ends []consent.End, t int64) consent.Mask {
	for _, e := range ends {
		if e.At <= t {
			mask &^= e.Mask
		}
	}
	return mask
}

// randomPoints are the registers of a person in which grants end at various times.
func randomPoints(rng *rand.Rand) []consent.Point {
	var out []consent.Point
	for n := range 1 + rng.IntN(3) {
		var r consent.Register
		for range rng.IntN(12) {
			pc := []consent.PurposeChannel{
				{Purpose: consent.Marketing, Channel: "email"},
				{Purpose: consent.Profiling},
				{Purpose: consent.UnifyBehaviour},
				{Purpose: consent.AnalyticsIndividual},
				{Purpose: consent.StoreViewWeb},
				{Purpose: consent.Survey, Channel: "email"},
			}[rng.IntN(6)]
			d := consent.Decision{At: int64(1 + rng.IntN(10)), Dec: consent.Dec(1 + rng.IntN(4)), Carried: rng.IntN(3) == 0, ID: fmt.Sprint(rng.IntN(99))}
			if rng.IntN(3) > 0 {
				d.Expires = int64(5 + rng.IntN(30))
			}
			r, _ = r.Join(pc, d)
		}
		ns := []identifier.Namespace{identifier.Email, identifier.Cookie, identifier.Customer}[n]
		out = append(out, consent.Point{Key: identifier.Key{Namespace: ns, Value: fmt.Sprint(n)}, Register: r})
	}
	return out
}

// TestEnds: at every later time the mask less its ends permits nothing that the registers do not permit then, and while no decision lies in the future
// and nothing was carried, just that.
func TestEnds(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	ended := 0
	for range 1_500 {
		points, now := randomPoints(rng), int64(10)
		mask, ends := consent.Permissions(points, now), consent.Ends(points, now)
		for at := now; at < 40; at++ {
			require.Zero(t, after(mask, ends, at)&^consent.Permissions(points, at), "permitted at %d although it has ended", at)
			require.Equal(t, mask&consent.Permissions(points, at), after(mask, ends, at), "ended too soon at %d", at)
		}
		ended += len(ends)
	}
	require.Greater(t, ended, 300)
}

// Beyond the bound everything that can be decided ends with the last end: late is not an answer.
func TestEnds_bounded(t *testing.T) {
	var points []consent.Point
	for n := range 3 * consent.MaxEnds {
		r, _ := consent.Register{}.Join(consent.PurposeChannel{Purpose: consent.Marketing, Channel: "email"}, consent.Decision{At: 1, Dec: consent.Grant, Expires: int64(100 + n), ID: "a"})
		for i, p := range []consent.Purpose{consent.Geoloc, consent.BeaconPresence, consent.Personalise, consent.UnifyBehaviour, consent.EmailOpenTracking} {
			r, _ = r.Join(consent.PurposeChannel{Purpose: p}, consent.Decision{At: 1, Dec: consent.Grant, Expires: int64(10 + 3*n + i), ID: "b"})
		}
		points = append(points, consent.Point{Key: identifier.Key{Namespace: identifier.Email, Value: fmt.Sprint(n)}, Register: r})
	}
	mask, ends := consent.Permissions(points, 5), consent.Ends(points, 5)
	require.LessOrEqual(t, len(ends), consent.MaxEnds)
	for at := int64(5); at < 400; at++ {
		require.Zero(t, after(mask, ends, at)&^consent.Permissions(points, at))
	}
}
