package consent_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

const (
	day   = int64(86400)
	again = 183 * day
)

var rules = consent.AskRules{Again: again, Apart: day}

// Row 144: a refused purpose is not asked for again for 6 months, on any channel; one purpose is asked for at a time.
func TestRow144_oneAtATimeAndNotAgain(t *testing.T) {
	refused := point(identifier.Email, on(consent.Marketing, consent.ChannelEmail, deny(1000)))
	phone := point(identifier.Phone, consent.Register{})
	granted := point(identifier.Email, on(consent.Marketing, consent.ChannelEmail, grant(1000)))
	broken := phone
	broken.Unreadable = true
	for name, c := range map[string]struct {
		purpose consent.Purpose
		channel string
		points  []consent.Point
		asked   []consent.Asked
		now     int64
		why     string
		next    int64
	}{
		"nothing was said":               {consent.Marketing, "sms", []consent.Point{phone}, nil, 2000, "", 0},
		"refused by e-mail, asked again": {consent.Marketing, "email", []consent.Point{refused}, nil, 2000, consent.NoAskCooling, 1000 + again},
		"refused by e-mail, now by SMS":  {consent.Marketing, "sms", []consent.Point{refused, phone}, nil, 2000, consent.NoAskCooling, 1000 + again},
		"the last second":                {consent.Marketing, "sms", []consent.Point{refused, phone}, nil, 1000 + again - 1, consent.NoAskCooling, 1000 + again},
		"six months later":               {consent.Marketing, "sms", []consent.Point{refused, phone}, nil, 1000 + again, "", 0},
		"another purpose was refused":    {consent.Profiling, "", []consent.Point{refused, phone}, nil, 2000, "", 0},
		"asked, and no answer":           {consent.Profiling, "", []consent.Point{phone}, []consent.Asked{{Purpose: consent.Profiling, At: 500}}, 2000, consent.NoAskCooling, 500 + again},
		"another was asked today":        {consent.Profiling, "", []consent.Point{phone}, []consent.Asked{{Purpose: consent.Geoloc, At: 500}}, 2000, consent.NoAskAnother, 500 + day},
		"another was asked yesterday":    {consent.Profiling, "", []consent.Point{phone}, []consent.Asked{{Purpose: consent.Geoloc, At: 500}}, 500 + day, "", 0},
		"granted already":                {consent.Marketing, "email", []consent.Point{granted}, nil, 2000, consent.NoAskNeeded, 0},
		"granted on another channel":     {consent.Marketing, "sms", []consent.Point{granted, phone}, nil, 2000, "", 0},
		"nobody decides":                 {consent.Contract, "", []consent.Point{phone}, nil, 2000, consent.NoAskNeeded, 0},
		"holds until somebody objects":   {consent.UnifyCore, "", []consent.Point{phone}, nil, 2000, consent.NoAskObjected, 0},
		"unreadable":                     {consent.Marketing, "sms", []consent.Point{broken}, nil, 2000, consent.NoAskDenied, 0},
	} {
		why, next := rules.MayAsk(c.purpose, c.channel, c.points, c.asked, c.now)
		assert.Equal(t, c.why, why, name)
		assert.Equal(t, c.next, next, name)
	}
}

// Row 100: choosing "service" denies every purpose of marketing at once; no level grants anything.
func TestRow100_level(t *testing.T) {
	all := func() (r consent.Register) {
		for _, i := range consent.Purposes() {
			for _, c := range append([]string{""}, i.Channels...) {
				r, _ = r.Join(consent.PurposeChannel{Purpose: i.Purpose, Channel: c}, grant(10))
			}
		}
		r, _ = r.Join(consent.PurposeChannel{Purpose: "share_partner:acme"}, grant(10))
		return r
	}()
	choose := func(r consent.Register, l consent.Level) consent.Register {
		denials, ok := l.Denies([]consent.Purpose{"share_partner:acme", "share_partner", "nothing"})
		require.True(t, ok, l)
		for _, pc := range denials {
			r, _ = r.Join(pc, deny(20))
		}
		return r
	}
	for level, want := range map[consent.Level]map[consent.PurposeChannel]bool{
		consent.LevelAll:     {{Purpose: consent.Marketing, Channel: "sms"}: true, {Purpose: "share_partner:acme"}: true},
		consent.LevelUseful:  {{Purpose: consent.Marketing, Channel: "sms"}: true, {Purpose: "share_partner:acme"}: false, {Purpose: consent.Profiling}: false},
		consent.LevelService: {{Purpose: consent.Personalise}: false, {Purpose: consent.UnifyCore}: true},
		consent.LevelNone:    {{Purpose: consent.UnifyCore}: false, {Purpose: consent.AnalyticsIndividual}: false, {Purpose: consent.Contract}: true},
	} {
		r, none := choose(all, level), choose(consent.Register{}, level)
		for pc, allowed := range want {
			assert.Equal(t, allowed, r.AllowedAt(pc.Purpose, pc.Channel, 30), "%s %v", level, pc)
		}
		for _, i := range consent.Purposes() {
			for _, c := range append([]string{""}, i.Channels...) {
				if contact := i.Purpose == consent.Marketing || i.Purpose == consent.Survey || i.Purpose == consent.ClientelingContact; contact && (level == consent.LevelNone || level == consent.LevelService) {
					assert.False(t, r.AllowedAt(i.Purpose, c, 30), "%s %s %s", level, i.Purpose, c)
				}
				assert.False(t, i.Optional() && none.AllowedAt(i.Purpose, c, 30), "%s grants %s", level, i.Purpose)
			}
		}
	}
	_, ok := consent.Level("some").Denies(nil)
	assert.False(t, ok)
}

func TestMayAsk_notUnderAnOverlay(t *testing.T) {
	key := identifier.Key{Namespace: identifier.Email, Value: "e"}
	ask := func(es ...ev) string {
		why, _ := consent.AskRules{Again: 10, Apart: 1}.MayAsk(consent.Profiling, "", []consent.Point{{Key: key, Register: registerOf(es...)}}, nil, 20)
		return why
	}
	require.Empty(t, ask())
	require.Equal(t, consent.NoAskOverlay, ask(laid(consent.Minor, 5, 50)), "a child is not asked")
	require.Equal(t, consent.NoAskOverlay, ask(laid(consent.Deceased, 5, 0)))
	require.Empty(t, ask(laid(consent.Minor, 5, 20)), "on the birthday the person is asked")
}
