package consent_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// asked is the mask as its comment has it: each purpose on each channel asked of each point by itself.
func asked(points []consent.Point, now int64) (out []consent.PurposeChannel) {
	for _, info := range consent.Purposes() {
		channels := info.Channels
		if len(channels) == 0 {
			channels = []string{""}
		}
		for _, c := range channels {
			if !info.Parameter && permitted(points, info, c, now) {
				out = append(out, consent.PurposeChannel{Purpose: info.Purpose, Channel: c})
			}
		}
	}
	return out
}

func permitted(points []consent.Point, info consent.Info, channel string, now int64) bool {
	switch {
	case !info.Decidable:
		return true
	case slices.ContainsFunc(points, func(x consent.Point) bool { return x.Unreadable }):
		return false
	case consent.MaskedBy(points, info.Purpose, channel, now) != "":
		return false
	case info.PerPoint:
		return slices.ContainsFunc(points, func(x consent.Point) bool {
			return consent.Reaches(channel, x.Key.Namespace) && x.AllowedAt(info.Purpose, channel, now)
		})
	}
	return ofPerson(points, info, channel, now)
}

// ofPerson is the latest decision over all points, of histories that nothing is forgotten of and no overlay lies on.
func ofPerson(points []consent.Point, info consent.Info, channel string, now int64) bool {
	var said, carried []consent.Decision
	for _, x := range points {
		h := x.Register.History(info.Purpose, channel)
		before := func(ds []consent.Decision) []consent.Decision {
			return slices.DeleteFunc(slices.Clone(ds), func(d consent.Decision) bool { return d.At > now })
		}
		if s := before(h.Said); len(s) > 0 {
			said = append(said, s[len(s)-1]) // what a point said last, also where it has ended
		} else if c := before(h.Carried); len(c) > 0 {
			carried = append(carried, c[len(c)-1])
		}
	}
	denials := slices.DeleteFunc(slices.Clone(said), func(d consent.Decision) bool { return !d.Denies() })
	grants := slices.DeleteFunc(slices.Clone(said), func(d consent.Decision) bool { return !d.InForce(now) })
	held := slices.ContainsFunc(carried, func(d consent.Decision) bool { return d.InForce(now) })
	later := func(a, b []consent.Decision) bool {
		return slices.ContainsFunc(a, func(d consent.Decision) bool {
			return !slices.ContainsFunc(b, func(o consent.Decision) bool { return o.At >= d.At })
		})
	}
	switch {
	case len(grants) > 0 && later(grants, denials):
		return true
	case len(denials) > 0:
		return false
	case len(said) > len(grants) || len(carried) > 0 && !held:
		return held
	case len(grants) > 0:
		return true
	}
	return held || info.Default
}

// randomPerson has points about which nothing was decided, and some with decisions about any purpose.
func randomPerson(rng *rand.Rand) []consent.Point {
	namespaces := []identifier.Namespace{identifier.Email, identifier.Phone, identifier.Cookie, identifier.Customer, identifier.Card}
	var out []consent.Point
	for n := range rng.IntN(len(namespaces) + 1) {
		x := consent.Point{Key: identifier.Key{Namespace: namespaces[n], Value: fmt.Sprint(n)}, LastAct: int64(rng.IntN(20)), Unreadable: rng.IntN(60) == 0}
		for i := range rng.IntN(3) * rng.IntN(8) {
			info := consent.Purposes()[rng.IntN(len(consent.Purposes()))]
			pc := consent.PurposeChannel{Purpose: info.Purpose}
			if len(info.Channels) > 0 {
				pc.Channel = info.Channels[rng.IntN(len(info.Channels))]
			}
			d := consent.Decision{At: int64(1 + rng.IntN(20)), Dec: consent.Dec(1 + rng.IntN(4)), Carried: rng.IntN(3) == 0, ID: fmt.Sprint(rng.IntN(99), "-", i)}
			if rng.IntN(2) > 0 {
				d.Expires = int64(5 + rng.IntN(30))
			}
			x.Register, _ = x.Register.Join(pc, d)
		}
		out = append(out, x)
	}
	return out
}

// The gate rests on it: a permission of the very point is somebody's consent, and what holds by default is about the person.
func TestNoPurposeOfAPointHoldsByDefault(t *testing.T) {
	for _, info := range consent.Purposes() {
		require.False(t, info.PerPoint && (info.Default || !info.Optional()), info.Purpose)
	}
}

// TestPermissionsAskEachPurpose: the mask is what asking each purpose of each point gives. What an overlay that was lifted leaves of purposes that are
// about the person is for the laws of overlays.
func TestPermissionsAskEachPurpose(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 46))
	for range 4_000 {
		points, now, overlaid := randomPerson(rng), int64(10+rng.IntN(20)), false
		for i := range points {
			if overlays := consent.Overlays(); rng.IntN(12) == 0 {
				pc, d := consent.PurposeChannel{Purpose: overlays[rng.IntN(len(overlays))].Purpose()}, consent.Decision{At: int64(1 + rng.IntN(20)), Dec: consent.Object, ID: "o"}
				points[i].Register, _ = points[i].Register.Join(pc, d)
				overlaid = true
			}
		}
		mask, want := consent.Permissions(points, now), asked(points, now)
		for _, info := range consent.Purposes() {
			if overlaid && !info.PerPoint {
				continue
			}
			for _, c := range append([]string{""}, info.Channels...) {
				pc := consent.PurposeChannel{Purpose: info.Purpose, Channel: c}
				require.Equal(t, slices.Contains(want, pc), mask.HasOn(info.Purpose, c), "%v of %+v at %d", pc, points, now)
			}
		}
	}
}
