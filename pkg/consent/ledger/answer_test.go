package ledger

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

var (
	anna   = Point{identifier.Email, "anna"}
	cookie = Point{identifier.Cookie, "c1"}
)

// day is a day of 2026 as seconds, 0 = 1 January.
func day(n int) int64 { return time.Date(2026, 1, 1+n, 12, 0, 0, 0, time.UTC).Unix() }

func said(id string, kind Kind, p Point, purpose consent.Purpose, channel string, at int64) Statement {
	return Statement{
		ID: id, Controller: "shop", Point: p, Topic: consent.PurposeChannel{Purpose: purpose, Channel: channel}, Kind: kind, Act: "app", DecidedAt: at,
		RecordedAt: at, Notice: Notice{string(purpose), "1", "fr"},
	}
}

func ask(l *Ledger, p Point, purpose consent.Purpose, channel string, at int64) Answer {
	return l.Ask(Question{Controller: "shop", Point: p, Topic: consent.PurposeChannel{Purpose: purpose, Channel: channel}, Family: "shoes", At: at, KnownAt: 1 << 40})
}

// A grant that waits: confirmed within seven days it holds from the confirmation on; a denial meanwhile, or a late answer, and it never does.
func TestDoubleOptIn(t *testing.T) {
	reg := purposes(t)
	pending := said("p", Grant, anna, consent.Marketing, "email", day(0))
	pending.Act = "web_form" // does not prove that the address is theirs
	confirm := func(at int64) Statement {
		c := said("c", Confirm, anna, consent.Marketing, "email", at)
		c.Act, c.Confirms, c.Notice = "confirmation", "p", Notice{}
		return c
	}
	for name, c := range map[string]struct {
		more []Statement
		at   int64
		want Because
	}{
		"waiting":               {nil, day(1), BecausePending},
		"never confirmed":       {nil, day(7), BecauseUnconfirmed},
		"confirmed":             {[]Statement{confirm(day(2))}, day(3), BecauseGranted},
		"before it was":         {[]Statement{confirm(day(2))}, day(1), BecausePending},
		"too late":              {[]Statement{confirm(day(8))}, day(9), BecauseUnconfirmed},
		"refused meanwhile":     {[]Statement{said("r", Refuse, anna, consent.Marketing, "email", day(1)), confirm(day(2))}, day(3), BecauseRefused},
		"withdrawn since":       {[]Statement{confirm(day(2)), said("w", Withdraw, anna, consent.Marketing, "email", day(4))}, day(5), BecauseWithdrawn},
		"replayed since":        {[]Statement{confirm(day(2)), said("w", Withdraw, anna, consent.Marketing, "email", day(4)), confirm(day(5))}, day(6), BecauseWithdrawn},
		"confirms nothing here": {[]Statement{{ID: "c", Controller: "shop", Point: cookie, Kind: Confirm, Confirms: "p", DecidedAt: day(2)}}, day(3), BecausePending},
	} {
		l := New(reg)
		l.State(pending)
		for _, s := range c.more {
			l.State(s)
		}
		a := ask(l, anna, consent.Marketing, "email", c.at)
		assert.Equal(t, c.want, a.Because, name)
		if c.want == BecauseGranted {
			assert.Equal(t, Notice{"marketing", "1", "fr"}, a.Notice, "that of the grant")
			assert.Equal(t, day(2), a.DecidedAt)
		}
	}
	l := New(reg)
	device := said("d", Grant, cookie, consent.UnifyBehaviour, "", day(0))
	device.Act = "web_form"
	l.State(device)
	assert.True(t, ask(l, cookie, consent.UnifyBehaviour, "", day(1)).Allowed, "a device proves itself")
}

func TestSoftOptIn(t *testing.T) {
	reg := purposes(t)
	sale := Sale{ID: "s", Controller: "shop", Point: anna, Family: "shoes", At: day(0), RecordedAt: day(0), Offered: Notice{"marketing", "1", "fr"}}
	with := func(change func(*Sale), more ...Statement) Answer {
		l, s := New(reg), sale
		change(&s)
		l.Sold(s)
		for _, x := range more {
			l.State(x)
		}
		return ask(l, anna, consent.Marketing, "email", day(10))
	}
	same := func(*Sale) {}
	a := with(same)
	assert.True(t, a.Allowed)
	assert.Equal(t, BecauseSoftOpt, a.Because)
	assert.Equal(t, BasisSoftOptIn, a.Basis, "never a consent")
	assert.Equal(t, consent.AddMonths(day(0), 36), a.ExpiresAt)
	for name, a := range map[string]Answer{
		"of another controller": with(func(s *Sale) { s.Controller = "other" }),
		"other goods":           with(func(s *Sale) { s.Family = "toys" }),
		"no offer to object":    with(func(s *Sale) { s.Offered = Notice{} }),
		"in the future":         with(func(s *Sale) { s.At = day(20) }),
		"three years ago":       with(func(s *Sale) { s.At = day(10 - 3*366) }),
		"another address":       with(func(s *Sale) { s.Point = mails[0] }),
	} {
		assert.Equal(t, BecauseUnknown, a.Because, name)
	}
	assert.Equal(t, BecauseObjected, with(same, said("o", Object, anna, consent.Marketing, "email", day(-400))).Because, "who objected, also long before")
	assert.False(t, func() bool {
		l := New(reg)
		l.Sold(sale)
		return ask(l, anna, consent.Marketing, "messaging", day(1)).Allowed
	}(), "only where the law knows it")
	assert.False(t, func() bool {
		l := New(reg)
		l.Sold(sale)
		return ask(l, anna, consent.EmailOpenTracking, "", day(1)).Allowed
	}(), "never for another purpose")
}

// A sale that was taken back permits nothing from when that is known, also about the time before, and is no sign of life; no other sale goes with it.
func TestSoftOptIn_takenBack(t *testing.T) {
	reg := purposes(t)
	sale := func(id string, at int64) Sale {
		return Sale{ID: id, Controller: "shop", Point: anna, Family: "shoes", At: at, RecordedAt: at, Offered: Notice{"marketing", "1", "fr"}}
	}
	asked := func(back Retraction, at, known int64, sales ...Sale) Answer {
		l := New(reg)
		for _, s := range sales {
			l.Sold(s)
		}
		l.TakenBack(back)
		l.TakenBack(Retraction{back.Controller, back.Sale, back.At, back.RecordedAt + 5*86400}) // heard again
		return l.Ask(Question{Controller: "shop", Point: anna, Topic: mailing, Family: "shoes", At: at, KnownAt: known})
	}
	back := func(id string) Retraction { return Retraction{"shop", id, day(2), day(3)} }
	one, other := sale("t1#0", day(0)), sale("t1#1", day(0))
	for name, c := range map[string]struct {
		got  Answer
		want Because
	}{
		"itself":                        {asked(back("t1#0"), day(10), day(10), one), BecauseUnknown},
		"its event":                     {asked(back("t1"), day(10), day(10), one, other), BecauseUnknown},
		"before it was known":           {asked(back("t1"), day(10), day(3)-1, one), BecauseSoftOpt},
		"known, about the time before":  {asked(back("t1"), day(1), day(3), one), BecauseUnknown},
		"another line of the event":     {asked(back("t1#1"), day(10), day(10), one), BecauseSoftOpt},
		"an event that begins alike":    {asked(back("t"), day(10), day(10), one), BecauseSoftOpt},
		"another controller's":          {asked(Retraction{"other", "t1", day(2), day(3)}, day(10), day(10), one), BecauseSoftOpt},
		"another sale stands":           {asked(back("t1"), day(10), day(10), one, sale("t2#0", day(-5))), BecauseSoftOpt},
		"what is gone keeps none alive": {asked(back("t1"), day(10), day(10), one, sale("t2#0", day(10-3*366))), BecauseUnknown},
	} {
		assert.Equal(t, c.want, c.got.Because, name)
	}
	assert.Equal(t, "t2#0", asked(back("t1"), day(10), day(10), one, sale("t2#0", day(-5))).Decision)
}

// Overlays mask what was granted, and what was granted comes back with their end.
func TestOverlays(t *testing.T) {
	reg := purposes(t)
	topics := map[string]consent.PurposeChannel{
		"mail": {Purpose: consent.Marketing, Channel: "email"}, "site": {Purpose: consent.Personalise}, "orders": {Purpose: consent.Contract},
		"law": {Purpose: consent.Legal}, "record": {Purpose: consent.UnifyCore},
	}
	for name, c := range map[string]struct {
		overlay Overlay
		at      int64
		denied  map[string]Because
	}{
		"none":       {Overlay{}, day(5), nil},
		"paused":     {Overlay{Mask: Paused, From: day(1), Until: day(31)}, day(5), map[string]Because{"mail": BecausePaused}},
		"pause over": {Overlay{Mask: Paused, From: day(1), Until: day(31)}, day(31), nil},
		"restricted": {Overlay{Mask: Restricted, From: day(1)}, day(5), map[string]Because{"mail": "restricted", "site": "restricted", "orders": "restricted", "record": "restricted"}},
		"deceased":   {Overlay{Mask: Deceased, From: day(1)}, day(5), map[string]Because{"mail": "deceased", "site": "deceased", "orders": "deceased", "record": "deceased"}},
		"erased":     {Overlay{Mask: Erased, From: day(1)}, day(5), map[string]Because{"mail": "erased", "site": "erased", "orders": "erased", "record": "erased"}},
		"before it":  {Overlay{Mask: Erased, From: day(6)}, day(5), nil},
	} {
		l := New(reg)
		for _, pc := range topics {
			l.State(said("g"+string(pc.Purpose), Grant, anna, pc.Purpose, pc.Channel, day(0)))
		}
		l.Belongs(Member{"a", anna})
		c.overlay.Person = "a"
		if c.overlay.Mask != 0 {
			l.Overlay(c.overlay)
		}
		for topic, pc := range topics {
			a := ask(l, anna, pc.Purpose, pc.Channel, c.at)
			assert.Equal(t, c.denied[topic] == "", a.Allowed, "%s: %s", name, topic)
			if !a.Allowed {
				assert.Equal(t, c.denied[topic], a.Because, "%s: %s", name, topic)
			}
		}
	}
	l := New(reg)
	l.State(said("g", Grant, anna, consent.Marketing, "email", day(0)))
	l.Belongs(Member{"a", anna})
	l.Overlay(Overlay{Person: "a", Mask: Paused, From: 0})
	l.Overlay(Overlay{Person: "a", Mask: Restricted, From: 0})
	assert.Equal(t, BecauseRestricted, ask(l, anna, consent.Marketing, "email", day(1)).Because, "the one that leaves least")
}

// Below 15 a grant counts with a guardian's alone, and growing older grants nothing.
func TestMinors(t *testing.T) {
	reg := purposes(t)
	of := func(change func(*Statement), ages ...Age) *Ledger {
		l := New(reg)
		s := said("g", Grant, anna, consent.Profiling, "", day(0))
		change(&s)
		l.State(s)
		l.Belongs(Member{"a", anna})
		for _, a := range ages {
			a.Person = "a"
			l.Age(a)
		}
		return l
	}
	alone, joint := func(*Statement) {}, func(s *Statement) { s.Guardian = "g1" }
	at := func(l *Ledger, n int) Because { return ask(l, anna, consent.Profiling, "", day(n)).Because }
	child, teen, adult := Age{Band: Under15, From: day(-9)}, Age{Band: From15To17, From: day(10)}, Age{Band: Adult, From: day(20)}
	assert.Equal(t, BecauseGranted, at(of(alone), 1), "of unknown age")
	assert.Equal(t, BecauseMinor, at(of(alone, child), 1))
	assert.Equal(t, BecauseGuardian, at(of(joint, child), 1))
	assert.Equal(t, BecauseMinor, at(of(joint, child, teen), 11), "no profile for offers below 18")
	assert.Equal(t, BecauseMinor, at(of(alone, child, teen, adult), 21), "given as a child, alone: asked again, not granted by a birthday")
	assert.Equal(t, BecauseGranted, at(of(func(s *Statement) { s.DecidedAt, s.RecordedAt = day(20), day(20) }, child, teen, adult), 21))
	assert.Equal(t, BecauseMinor, at(of(alone, Age{Band: Under15, From: day(30)}), 1), "younger than 15 later is younger now")
	l := New(reg)
	l.Belongs(Member{"a", anna})
	l.Age(Age{Person: "a", Band: Under15})
	assert.True(t, ask(l, anna, consent.Contract, "", day(1)).Allowed)
	l.Sold(Sale{ID: "s", Controller: "shop", Point: anna, Family: "shoes", At: day(0), Offered: Notice{ID: "n"}})
	assert.False(t, ask(l, anna, consent.Marketing, "email", day(1)).Allowed, "no soft opt-in of a child")
}

// A grant of offers ends three years after the last act of the person; opening an e-mail is none, and so is nothing.
func TestInactivity(t *testing.T) {
	reg := purposes(t)
	years := func(n int) int64 { return consent.AddMonths(day(0), 12*n) }
	l := New(reg)
	l.State(said("g", Grant, anna, consent.Marketing, "email", day(0)))
	a := ask(l, anna, consent.Marketing, "email", years(3)-1)
	assert.True(t, a.Allowed)
	assert.Equal(t, years(3), a.ExpiresAt)
	assert.Equal(t, BecauseInactive, ask(l, anna, consent.Marketing, "email", years(3)).Because)
	l.Acted(Activity{Controller: "shop", Point: anna, At: years(2)})
	l.Acted(Activity{Controller: "other", Point: anna, At: years(4)})
	assert.True(t, ask(l, anna, consent.Marketing, "email", years(5)-1).Allowed)
	assert.Equal(t, BecauseInactive, ask(l, anna, consent.Marketing, "email", years(5)).Because)
	phone := Point{identifier.Phone, "p"}
	l.State(said("t", Grant, phone, consent.Marketing, "phone", day(0)))
	l.Acted(Activity{Controller: "shop", Point: phone, At: years(4)})
	assert.Equal(t, BecauseInactive, ask(l, anna, consent.Marketing, "email", years(5)).Because, "somebody else's phone")
	l.Belongs(Member{"a", anna})
	l.Belongs(Member{"a", phone})
	assert.True(t, ask(l, anna, consent.Marketing, "email", years(5)).Allowed, "the same person's phone")
	l.Acted(Activity{Controller: "shop", Point: phone, At: day(360)})
	assert.True(t, ask(l, phone, consent.Marketing, "phone", years(1)-1).Allowed)
	assert.Equal(t, BecauseExpired, ask(l, phone, consent.Marketing, "phone", years(1)).Because, "by phone a year, whatever the person does")
}

// Row 9: a grant for one controller never shows for another.
func TestRow9_anotherController(t *testing.T) {
	l := New(purposes(t))
	l.State(said("g", Grant, anna, consent.Marketing, "email", day(0)))
	q := Question{Controller: "grosbill", Point: anna, Topic: consent.PurposeChannel{Purpose: consent.Marketing, Channel: "email"}, At: day(1), KnownAt: day(1)}
	assert.Equal(t, BecauseUnknown, l.Ask(q).Because)
	assert.Empty(t, l.Ask(q).Decision)
}

// Row 24: who refused marketing by SMS still gets the reminder of a collection.
func TestRow24_serviceMessages(t *testing.T) {
	l, phone := New(purposes(t)), Point{identifier.Phone, "p"}
	l.State(said("r", Refuse, phone, consent.Marketing, "sms", day(0)))
	assert.Equal(t, BecauseRefused, ask(l, phone, consent.Marketing, "sms", day(1)).Because)
	assert.True(t, ask(l, phone, consent.Contract, "", day(1)).Allowed)
}

// Row 31: an offer near the shop needs geoloc, push and the shop's offers: one missing, and nothing is evaluated.
func TestRow31_allThree(t *testing.T) {
	reg, app := purposes(t), Point{identifier.Device, "app"}
	needed := []consent.PurposeChannel{{Purpose: consent.Geoloc}, {Purpose: consent.Marketing, Channel: "push"}, {Purpose: consent.UnifyBehaviour}}
	for missing := range needed {
		l := New(reg)
		for i, pc := range needed {
			if i != missing {
				l.State(said(string(pc.Purpose), Grant, app, pc.Purpose, pc.Channel, day(0)))
			}
		}
		allowed := true
		for _, pc := range needed {
			allowed = allowed && ask(l, app, pc.Purpose, pc.Channel, day(1)).Allowed
		}
		assert.False(t, allowed, needed[missing])
	}
}

func TestUnaskable(t *testing.T) {
	l := New(purposes(t))
	for why, pc := range map[Because]consent.PurposeChannel{
		BecausePurpose: {Purpose: "nothing"}, BecauseRefusedUse: {Purpose: "sell_data"}, BecauseChannel: {Purpose: consent.Marketing, Channel: "phone"},
	} {
		assert.Equal(t, why, ask(l, anna, pc.Purpose, pc.Channel, day(1)).Because)
	}
	assert.Equal(t, BecauseDefault, ask(l, anna, consent.UnifyCore, "", day(1)).Because)
	l.State(said("o", Object, anna, consent.UnifyCore, "", day(0)))
	assert.Equal(t, BecauseObjected, ask(l, anna, consent.UnifyCore, "", day(1)).Because)
	q := Question{Controller: "shop", Point: anna, Topic: consent.PurposeChannel{Purpose: consent.UnifyCore}, EventAt: day(-5), At: day(1), KnownAt: day(1)}
	assert.False(t, l.Ask(q).Then, "denied now, allowed then")
	l.State(said("g", Grant, anna, consent.UnifyCore, "", day(1)))
	q.EventAt, q.At = day(0), day(2)
	assert.True(t, l.Ask(q).Then, "granted again now, denied then")
}
