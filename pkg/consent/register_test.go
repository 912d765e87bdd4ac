package consent_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

func grant(at int64) consent.Decision {
	return consent.Decision{At: at, Dec: consent.Grant, ID: fmt.Sprint("g", at)}
}

func deny(at int64) consent.Decision {
	return consent.Decision{At: at, Dec: consent.Withdraw, ID: fmt.Sprint("w", at)}
}

func carried(at int64) consent.Decision {
	d := grant(at)
	d.Carried = true
	return d
}

func on(p consent.Purpose, channel string, ds ...consent.Decision) consent.Register {
	var r consent.Register
	for _, d := range ds {
		r, _ = r.Join(consent.PurposeChannel{Purpose: p, Channel: channel}, d)
	}
	return r
}

func TestPurposeTableIsSound(t *testing.T) {
	var all consent.Mask
	for _, i := range consent.Purposes() {
		channels := i.Channels
		if len(channels) == 0 {
			channels = []string{""}
		}
		for _, c := range channels {
			var one consent.Mask
			for bit := range 64 {
				if m := consent.Mask(1) << bit; m.HasOn(i.Purpose, c) {
					one |= m
				}
			}
			assert.Equal(t, !i.Parameter, one != 0, "%s %s has a bit", i.Purpose, c)
			assert.Zero(t, all&one, "%s %s has a bit of its own", i.Purpose, c)
			all |= one
		}
		if i.Basis == consent.BasisConsent {
			assert.False(t, i.Default, "%s needs consent: unknown is no", i.Purpose)
		}
	}
	for p, ok := range map[consent.Purpose]bool{"marketing": true, "share_partner:acme": true, "share_partner": false, "share_partner:": false, "marketing:x": false, "nothing": false} {
		_, got := consent.PurposeOf(p)
		assert.Equal(t, ok, got, p)
	}
}

func TestAllowedThenAndNow(t *testing.T) {
	r := on(consent.UnifyBehaviour, "", grant(10), deny(20), grant(30))
	for name, c := range map[string]struct {
		t, now int64
		want   bool
	}{
		"before any grant":   {5, 15, false},
		"granted":            {12, 15, true},
		"withdrawn since":    {12, 25, false},
		"while withdrawn":    {22, 35, false},
		"granted again":      {12, 35, true},
		"under the new one":  {31, 35, true},
		"at the same second": {10, 10, true},
	} {
		assert.Equal(t, c.want, r.Allowed(consent.UnifyBehaviour, "", c.t, c.now), name)
	}
	assert.False(t, consent.Register{}.Allowed(consent.UnifyBehaviour, "", 1, 2), "unknown is no")
	assert.True(t, consent.Register{}.Allowed(consent.UnifyCore, "", 1, 2), "until somebody objects")
	assert.False(t, on(consent.UnifyCore, "", deny(5)).Allowed(consent.UnifyCore, "", 1, 9))
	assert.False(t, r.AllowedAt(consent.Marketing, "", 12), "a channel is missing")
	assert.False(t, r.AllowedAt("nothing", "", 12))
	assert.EqualValues(t, 10, r.Stamp(consent.UnifyBehaviour, 15))
	assert.EqualValues(t, 20, r.NextBoundary(10))
	assert.Zero(t, r.NextBoundary(30))
}

func TestJoinLeavesOutWhatNobodyDecides(t *testing.T) {
	for _, pc := range []consent.PurposeChannel{{Purpose: consent.Contract}, {Purpose: consent.Marketing}, {Purpose: consent.Marketing, Channel: "pigeon"}, {Purpose: "nothing"}} {
		_, changed := consent.Register{}.Join(pc, grant(1))
		assert.False(t, changed, pc)
	}
	r, changed := consent.Register{}.JoinAll(
		&eventpb.Decision{Id: "d", Purpose: "marketing", Channel: "email", Decision: "object", DecidedAt: 4},
		&eventpb.Decision{Id: "e", Purpose: "marketing", Channel: "email", Decision: "pending", DecidedAt: 5},
	)
	assert.True(t, changed)
	assert.Equal(t, []consent.Decision{{At: 4, Dec: consent.Object, ID: "d"}}, r.History(consent.Marketing, "email").Said)
	_, changed = r.JoinAll(&eventpb.Decision{Id: "d", Purpose: "marketing", Channel: "email", Decision: "object", DecidedAt: 4})
	assert.False(t, changed)
}

func TestRegisterIsBounded(t *testing.T) {
	var pcs []consent.PurposeChannel
	for i := range 100 {
		pcs = append(pcs, consent.PurposeChannel{Purpose: consent.Purpose(fmt.Sprintf("share_partner:p%02d", i))})
	}
	pcs = append(pcs, consent.PurposeChannel{Purpose: consent.UnifyCore}, consent.PurposeChannel{Purpose: consent.Marketing, Channel: "sms"})
	join := func(pcs []consent.PurposeChannel) (r consent.Register) {
		for _, pc := range pcs {
			r, _ = r.Join(pc, deny(1))
		}
		return r
	}
	r := join(pcs)
	slices.Reverse(pcs)
	assert.Equal(t, r.Encode(), join(pcs).Encode())
	assert.Len(t, r.All(), consent.MaxHistories)
	assert.False(t, r.AllowedAt(consent.UnifyCore, "", 9), "partners do not push an objection out")
}

func point(ns identifier.Namespace, r consent.Register) consent.Point {
	return consent.Point{Key: identifier.Key{Namespace: ns, Value: string(ns)}, Register: r}
}

func TestG1(t *testing.T) {
	yes, no := point(identifier.Cookie, on(consent.UnifyBehaviour, "", grant(5))), point(identifier.Device, consent.Register{})
	away := point(identifier.Device, consent.Register{})
	away.Unreadable = true
	for name, c := range map[string]struct {
		behaviour bool
		devices   []consent.Point
		t, now    int64
		verdict   consent.Verdict
		kept      int
	}{
		"browsing without a device":  {true, nil, 6, 7, consent.Drop, 0},
		"browsing with a grant":      {true, []consent.Point{yes}, 6, 7, consent.Collect, 1},
		"browsing before the grant":  {true, []consent.Point{yes}, 4, 7, consent.Drop, 0},
		"browsing, nothing decided":  {true, []consent.Point{no}, 6, 7, consent.Drop, 0},
		"browsing, one of two":       {true, []consent.Point{no, yes}, 6, 7, consent.Collect, 1},
		"browsing, unreadable":       {true, []consent.Point{away}, 6, 7, consent.Hold, 0},
		"sale keeps a granted one":   {false, []consent.Point{yes, no}, 6, 7, consent.Collect, 1},
		"sale is never lost":         {false, []consent.Point{away}, 6, 7, consent.Collect, 0},
		"sale without device":        {false, nil, 6, 7, consent.Collect, 0},
		"withdrawn before collected": {true, []consent.Point{point(identifier.Cookie, on(consent.UnifyBehaviour, "", grant(5), deny(7)))}, 6, 8, consent.Drop, 0},
	} {
		verdict, kept := consent.G1(c.behaviour, c.devices, c.t, c.now)
		assert.Equal(t, c.verdict, verdict, name)
		assert.Len(t, kept, c.kept, name)
	}
}

func TestPermissions(t *testing.T) {
	email := func(ds ...consent.Decision) consent.Point {
		return point(identifier.Email, on(consent.Marketing, consent.ChannelEmail, ds...))
	}
	const now = 100
	m := consent.Permissions([]consent.Point{email(deny(5)), email(grant(3))}, now)
	assert.True(t, m.HasOn(consent.Marketing, consent.ChannelEmail), "a second address keeps its own permission")
	assert.False(t, m.HasOn(consent.Marketing, consent.ChannelSMS))
	assert.False(t, m.Has(consent.Marketing), "marketing alone says nothing")
	assert.True(t, m.Has(consent.Contract))
	assert.True(t, m.Has(consent.UnifyCore))
	assert.False(t, consent.Permissions([]consent.Point{point(identifier.Card, on(consent.Marketing, consent.ChannelEmail, grant(3)))}, now).
		HasOn(consent.Marketing, consent.ChannelEmail), "a card is no address")

	view := func(ds ...consent.Decision) consent.Point {
		return point(identifier.Card, on(consent.StoreViewWeb, "", ds...))
	}
	expiring := grant(5)
	expiring.Expires = 50
	for name, c := range map[string]struct {
		points []consent.Point
		want   bool
	}{
		"nothing":                      {nil, false},
		"granted":                      {[]consent.Point{view(grant(5))}, true},
		"denied later elsewhere":       {[]consent.Point{view(grant(5)), view(deny(6))}, false},
		"denied at the same time":      {[]consent.Point{view(grant(5)), view(deny(5))}, false},
		"granted later elsewhere":      {[]consent.Point{view(deny(5)), view(grant(6))}, true},
		"carried against a denial":     {[]consent.Point{view(deny(5)), view(carried(9))}, false},
		"carried alone":                {[]consent.Point{view(carried(9))}, true},
		"expired":                      {[]consent.Point{view(expiring)}, false},
		"decided in the future":        {[]consent.Point{view(grant(200))}, false},
		"denied in the future, so far": {[]consent.Point{view(grant(5), deny(200))}, true},
	} {
		assert.Equal(t, c.want, consent.Permissions(c.points, now).Has(consent.StoreViewWeb), name)
	}
	objecting := consent.Permissions([]consent.Point{point(identifier.Card, on(consent.AnalyticsIndividual, "", deny(5)))}, now)
	assert.False(t, objecting.Has(consent.AnalyticsIndividual))
	assert.True(t, objecting.Has(consent.UnifyCore))

	away := view(grant(5))
	away.Unreadable = true
	m = consent.Permissions([]consent.Point{away, email(grant(1))}, now)
	assert.False(t, m.HasOn(consent.Marketing, consent.ChannelEmail))
	assert.False(t, m.Has(consent.UnifyCore))
	assert.True(t, m.Has(consent.Legal))
}

func TestDecodeRefuses(t *testing.T) {
	good := on(consent.Marketing, "email", grant(1), deny(2)).Encode()
	for name, b := range map[string][]byte{
		"version": append([]byte{9}, good[1:]...), "truncated": good[:len(good)-1], "trailing": append(slices.Clone(good), 0), "empty": {1, 0}, "one byte": {1},
		"a number in a longer form": slices.Concat(good[:1], []byte{good[1] | 0x80, 0}, good[2:]),
	} {
		_, err := consent.DecodeRegister(b)
		require.ErrorIs(t, err, consent.ErrCorrupt, name)
	}
	assert.Nil(t, consent.Register{}.Encode())
	r, err := consent.DecodeRegister(nil)
	require.NoError(t, err)
	assert.True(t, r.Empty())
}

func FuzzDecodeRegister(f *testing.F) {
	f.Add(on(consent.Marketing, "email", grant(1), deny(2), carried(7)).Encode())
	f.Add(on("share_partner:acme", "", grant(1)).Merge(on(consent.UnifyBehaviour, "", grant(9))).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := consent.DecodeRegister(b)
		if err != nil {
			return
		}
		if len(b) > 0 {
			require.Equal(t, b, r.Encode(), "what is read is what Encode writes")
		}
		again, err := consent.DecodeRegister(r.Encode())
		require.NoError(t, err)
		merged := r.Merge(again)
		require.Equal(t, r.Encode(), merged.Encode(), "merging with itself")
		r.Allowed(consent.UnifyBehaviour, "", 5, 6)
	})
}

func BenchmarkRegister(b *testing.B) {
	r := on(consent.UnifyBehaviour, "", grant(10), deny(20), grant(30)).Merge(on(consent.Marketing, "email", grant(5)))
	packed := r.Encode()
	b.ReportAllocs()
	for b.Loop() {
		r, err := consent.DecodeRegister(packed)
		if err != nil || !r.Allowed(consent.UnifyBehaviour, "", 12, 40) {
			b.Fatal("not allowed")
		}
	}
	b.ReportMetric(float64(len(packed)), "bytes")
}
