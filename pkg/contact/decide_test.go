package contact_test

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
)

// paris is a time by the clock of Paris.
func paris(t testing.TB, text string) time.Time {
	t.Helper()
	return clockOf(t, "FR", text)
}

func clockOf(t testing.TB, name, text string) time.Time {
	t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, place(t, name).Zone())
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func idOf(n int) (id contact.ID) {
	binary.BigEndian.PutUint32(id[8:], uint32(n))
	return id
}

func pointOf(n byte) identifier.Key {
	var p identifier.Pseudonym
	p[0], p[16] = 1, n
	return identifier.KeyOf(identifier.Email, p)
}

// made is a log of contacts on a channel at some times.
func made(channel string, at ...time.Time) (l contact.Log) {
	for i, x := range at {
		l = l.With(contact.Contact{ID: idOf(1000 + i), At: x.Unix(), State: contact.Made, Channel: channel, Point: pointOf(1)})
	}
	return l
}

func agreed(since time.Time) contact.Permission {
	return contact.Permission{Allowed: true, Since: since}
}

// verdictOf asks under the default rules.
func verdictOf(t *testing.T, a contact.Ask, p contact.Person, now time.Time) contact.Verdict {
	t.Helper()
	r := contact.Default()
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	if a.Point.Value == "" {
		a.Point = pointOf(1)
	}
	if a.ID == (contact.ID{}) {
		a.ID = idOf(1)
	}
	return r.Decide(a, p, now)
}

func callTo(t testing.TB, places ...string) contact.Ask {
	t.Helper()
	a := contact.Ask{Channel: consent.ChannelPhone, Topic: "offers"}
	for _, name := range places {
		a.Places = append(a.Places, place(t, name))
	}
	return a
}

// Hours and days of calls (consent.md L37): each line is a time, and the earliest at which a call is allowed from it.
func TestDecide_calls(t *testing.T) {
	tests := []struct{ name, at, want string }{
		{"a Monday morning", "2026-09-07 10:00", "2026-09-07 10:00"},
		{"too early", "2026-09-07 09:59", "2026-09-07 10:00"},
		{"at lunch", "2026-09-07 13:30", "2026-09-07 14:00"},
		{"from one o'clock", "2026-09-07 13:00", "2026-09-07 14:00"},
		{"last minute", "2026-09-07 19:59", "2026-09-07 19:59"},
		{"in the evening", "2026-09-07 20:00", "2026-09-08 10:00"},
		{"on Friday evening", "2026-09-11 20:00", "2026-09-14 10:00"},
		{"on a Saturday", "2026-09-12 11:00", "2026-09-14 10:00"},
		{"14 July", "2026-07-14 11:00", "2026-07-15 10:00"},
		{"Easter Monday", "2026-04-06 11:00", "2026-04-07 10:00"},
		{"the day the clock goes forward", "2026-03-29 11:00", "2026-03-30 10:00"},
		{"the day the clock goes back", "2026-10-25 11:00", "2026-10-26 10:00"},
		{"the night before Ascension", "2026-05-13 20:30", "2026-05-15 10:00"},
		{"Good Friday in Paris", "2026-04-03 11:00", "2026-04-03 11:00"},
	}
	for _, tt := range tests {
		now := paris(t, tt.at)
		v := verdictOf(t, callTo(t, "FR"), contact.Person{Permission: agreed(now.AddDate(0, -1, 0))}, now)
		want := paris(t, tt.want)
		if v.Allowed != want.Equal(now) || !v.Allowed && (!v.Next.Equal(want) || v.Reason != contact.ReasonHours || !strings.Contains(v.Source, "D.223-9")) {
			t.Errorf("%s: %+v, want %s", tt.name, v, tt.want)
		}
	}
}

// A number of La Réunion rings by its own clock: eleven in Paris is one in the afternoon there, in winter two.
func TestDecide_reunionInItsOwnZone(t *testing.T) {
	a := contact.Ask{Channel: consent.ChannelPhone, Places: contact.PlacesOfPhone("+262692123456")}
	tests := []struct {
		paris, want string
		allowed     bool
	}{
		{"2026-09-07 11:00", "2026-09-07 14:00", false}, // 13:00
		{"2026-09-07 08:30", "", true},                  // 10:30
		{"2026-09-07 18:30", "2026-09-08 10:00", false}, // 20:30
		{"2026-12-07 11:00", "", true},                  // 14:00
		{"2027-12-20 11:00", "2027-12-21 10:00", false}, // the abolition of slavery
	}
	for _, tt := range tests {
		now := paris(t, tt.paris)
		v := verdictOf(t, a, contact.Person{Permission: agreed(now.AddDate(0, -1, 0))}, now)
		if v.Allowed != tt.allowed || !tt.allowed && !v.Next.Equal(clockOf(t, "FR-974", tt.want)) {
			t.Errorf("%s: %+v", tt.paris, v)
		}
	}
	alsace := callTo(t, "FR-67")
	friday := paris(t, "2026-04-03 11:00")
	if v := verdictOf(t, alsace, contact.Person{Permission: agreed(friday)}, friday); v.Allowed || !v.Next.Equal(paris(t, "2026-04-07 10:00")) {
		t.Errorf("Good Friday in Strasbourg: %+v", v)
	}
	both := callTo(t, "FR", "FR-974") // nobody knows which: Paris is awake from 10, La Réunion until 20
	if v := verdictOf(t, both, contact.Person{Permission: agreed(friday)}, paris(t, "2026-09-07 19:00")); v.Allowed || !v.Next.Equal(paris(t, "2026-09-08 10:00")) {
		t.Errorf("two places: %+v", v)
	}
	if v := verdictOf(t, callTo(t), contact.Person{Permission: agreed(friday)}, friday); v.Reason != contact.ReasonPlace || !v.Next.IsZero() {
		t.Errorf("no place: %+v", v)
	}
}

func TestDecide_fourAttemptsInThirtyDays(t *testing.T) {
	first := paris(t, "2026-09-01 19:30")
	l := made(consent.ChannelPhone, first, first.AddDate(0, 0, 8), first.AddDate(0, 0, 15), first.AddDate(0, 0, 23))
	p := contact.Person{Permission: agreed(first), Log: l}
	for _, tt := range []struct {
		at, next string
		allowed  bool
	}{
		{"2026-09-30 19:30", "2026-10-01 10:00", false}, // the thirtieth day
		{"2026-10-01 10:00", "", true},                  // the first has left the window
	} {
		v := verdictOf(t, callTo(t, "FR"), p, paris(t, tt.at))
		if v.Allowed != tt.allowed || !tt.allowed && (v.Reason != contact.ReasonCap || !v.Next.Equal(paris(t, tt.next))) {
			t.Errorf("%s: %+v", tt.at, v)
		}
	}
}

// Where two clocks may be the person's, a day is over when it is over by both.
func TestDecide_daysEndByEveryClock(t *testing.T) {
	r := contact.Default()
	r.Caps, r.Hours = []contact.Cap{{Most: 1, Days: 1, Source: "test"}}, nil
	now := paris(t, "2026-09-07 11:00")
	for _, places := range [][]string{{"FR", "FR-971"}, {"FR-971", "FR"}} {
		a := callTo(t, places...)
		a.Channel = consent.ChannelEmail
		v := r.Decide(a, contact.Person{Permission: agreed(now), Log: made(consent.ChannelEmail, now)}, now)
		if v.Allowed || !v.Next.Equal(clockOf(t, "FR-971", "2026-09-08 00:00")) {
			t.Errorf("%v: %+v", places, v)
		}
	}
}

func TestDecide_sixtyDaysAfterARefusal(t *testing.T) {
	at := paris(t, "2026-09-01 11:00")
	p := contact.Person{Permission: agreed(at), Log: contact.Log{}.With(contact.Contact{
		ID: idOf(7), At: at.Unix(), State: contact.Declined, Channel: consent.ChannelPhone, Point: pointOf(1),
	})}
	// Day 60 is Saturday 31 October; 1 November is a Sunday and a holiday.
	for _, day := range []string{"2026-09-02 11:00", "2026-10-30 11:00"} {
		v := verdictOf(t, callTo(t, "FR"), p, paris(t, day))
		if v.Allowed || !v.Next.Equal(paris(t, "2026-11-02 10:00")) {
			t.Errorf("%s: %+v", day, v)
		}
		if day > "2026-10" && v.Reason != contact.ReasonSilence {
			t.Errorf("%s: %+v", day, v)
		}
	}
	if v := verdictOf(t, callTo(t, "FR"), p, paris(t, "2026-11-02 10:00")); !v.Allowed {
		t.Errorf("after: %+v", v)
	}
	thursday := paris(t, "2026-09-03 11:00") // its sixtieth day is a Monday: silent until it is over
	p.Log = contact.Log{}.With(contact.Contact{ID: idOf(7), At: thursday.Unix(), State: contact.Declined, Channel: consent.ChannelPhone, Point: pointOf(1)})
	if v := verdictOf(t, callTo(t, "FR"), p, paris(t, "2026-11-02 11:00")); v.Reason != contact.ReasonSilence || !v.Next.Equal(paris(t, "2026-11-03 10:00")) {
		t.Errorf("the sixtieth day: %+v", v)
	}
	mail := contact.Ask{Channel: consent.ChannelEmail}
	if v := verdictOf(t, mail, p, paris(t, "2026-09-12 11:00")); !v.Allowed {
		t.Errorf("e-mail: %+v", v)
	}
}

func TestDecide_consentToCallsOfOneYear(t *testing.T) {
	now := paris(t, "2026-09-07 11:00")
	for days, want := range map[int]bool{1: true, 364: true, 365: false, 366: false} {
		p := contact.Person{Permission: agreed(now.Add(-time.Duration(days) * 24 * time.Hour))}
		if v := verdictOf(t, callTo(t, "FR"), p, now); v.Allowed != want || !want && (v.Reason != contact.ReasonAge || !v.Next.IsZero()) {
			t.Errorf("%d days: %+v", days, v)
		}
		if v := verdictOf(t, contact.Ask{Channel: consent.ChannelEmail}, p, now); !v.Allowed {
			t.Errorf("%d days, e-mail: %+v", days, v)
		}
	}
	if v := verdictOf(t, callTo(t, "FR"), contact.Person{Permission: contact.Permission{Allowed: true}}, now); v.Reason != contact.ReasonAge {
		t.Errorf("a permission that rests on no grant: %+v", v)
	}
	evening := paris(t, "2026-09-07 20:30") // the permission ends before ten the next morning: waiting is in vain
	if v := verdictOf(t, callTo(t, "FR"), contact.Person{Permission: agreed(evening.AddDate(-1, 0, 0).Add(8 * time.Hour))}, evening); v.Reason != contact.ReasonHours || !v.Next.IsZero() {
		t.Errorf("%+v", v)
	}
}

// Row 3 of consent.md: with caps set, a fourth promotional message in the window is refused, and the reason told.
func TestRow3_fourthMessageInTheWindowIsRefused(t *testing.T) {
	start := paris(t, "2026-09-07 11:00")
	l := made(consent.ChannelEmail, start, start.AddDate(0, 0, 2), start.AddDate(0, 0, 4))
	now := start.AddDate(0, 0, 6)
	v := verdictOf(t, contact.Ask{Channel: consent.ChannelEmail}, contact.Person{Permission: agreed(start), Log: l}, now)
	if v.Reason != contact.ReasonCap || v.Source == "" || !v.Next.Equal(start.AddDate(0, 0, 7)) {
		t.Errorf("%+v", v)
	}
}

// Row 129: the cap counts e-mail, SMS, push and sellers' messages together.
func TestRow129_channelsCountTogether(t *testing.T) {
	start := paris(t, "2026-09-07 11:00")
	var l contact.Log
	for i, channel := range []string{consent.ChannelEmail, consent.ChannelSMS, consent.ChannelMessaging} {
		l = l.With(contact.Contact{ID: idOf(i), At: start.AddDate(0, 0, i).Unix(), State: contact.Made, Channel: channel, Point: pointOf(byte(i))})
	}
	now := start.AddDate(0, 0, 5)
	v := verdictOf(t, contact.Ask{Channel: consent.ChannelPush, Places: callTo(t, "FR").Places}, contact.Person{Permission: agreed(start), Log: l}, now)
	if v.Reason != contact.ReasonCap || !v.Next.Equal(start.AddDate(0, 0, 7)) {
		t.Errorf("%+v", v)
	}
}

// Row 24: whoever refused advertising still gets the reminder, at once and uncounted.
func TestRow24_serviceIsApartFromMarketing(t *testing.T) {
	now := paris(t, "2026-07-14 03:00")
	p := contact.Person{
		Permission: contact.Permission{Allowed: true}, Log: made(consent.ChannelSMS, now, now.Add(time.Minute), now.Add(time.Hour)),
		Wishes: contact.Wishes{Paused: now.AddDate(0, 1, 0), Frequency: map[string]contact.Frequency{"": contact.Never}, Suppressed: []contact.Suppression{{Topic: "x"}}},
	}
	if v := verdictOf(t, contact.Ask{Channel: consent.ChannelSMS, Service: true}, p, now); !v.Allowed {
		t.Errorf("%+v", v)
	}
	p.Permission.Allowed = false
	if v := verdictOf(t, contact.Ask{Channel: consent.ChannelSMS, Service: true}, p, now); v.Reason != contact.ReasonPermission {
		t.Errorf("service without its permission: %+v", v)
	}
}

// Row 137: "monthly" of the person goes before the campaign of every week.
func TestRow137_ownFrequencyIsTheUpperBound(t *testing.T) {
	start := paris(t, "2026-09-07 11:00")
	for _, channel := range []string{"", consent.ChannelEmail} {
		p := contact.Person{Permission: agreed(start), Log: made(consent.ChannelEmail, start), Wishes: contact.Wishes{
			Frequency: map[string]contact.Frequency{channel: contact.Monthly, consent.ChannelPush: contact.Never},
		}}
		v := verdictOf(t, contact.Ask{Channel: consent.ChannelEmail}, p, start.AddDate(0, 0, 7))
		if v.Reason != contact.ReasonFrequency || !v.Next.Equal(start.Add(30*24*time.Hour)) {
			t.Errorf("%q: %+v", channel, v)
		}
	}
}

// Row 139: a suppressed topic is silent on every channel, with what lies under it; what does not say its topic may be about it.
func TestRow139_topicIsSilent(t *testing.T) {
	now := paris(t, "2026-09-07 11:00")
	until := paris(t, "2026-09-10 00:00")
	p := contact.Person{Permission: agreed(now), Wishes: contact.Wishes{Suppressed: []contact.Suppression{{Topic: "baby"}, {Topic: "mothers_day", Until: until}}}}
	tests := []struct {
		topic   string
		allowed bool
		next    time.Time
	}{
		{"baby", false, time.Time{}},
		{"baby/clothes", false, time.Time{}},
		{"babysitter", true, time.Time{}},
		{"shoes", true, time.Time{}},
		{"", false, time.Time{}},
		{"mothers_day", false, until},
	}
	for _, channel := range []string{consent.ChannelEmail, consent.ChannelPost} {
		for _, tt := range tests {
			v := verdictOf(t, contact.Ask{Channel: channel, Topic: tt.topic}, p, now)
			if v.Allowed != tt.allowed || !tt.allowed && (v.Reason != contact.ReasonTopic || !v.Next.Equal(tt.next)) {
				t.Errorf("%q: %+v", tt.topic, v)
			}
		}
	}
	p.Wishes = contact.Wishes{Paused: until}
	if v := verdictOf(t, contact.Ask{Channel: consent.ChannelEmail}, p, now); v.Reason != contact.ReasonPaused || !v.Next.Equal(until) {
		t.Errorf("%+v", v)
	}
}

// Two profiles with two contacts each become one: under a cap of three the next is refused; parted again, each has its own.
func TestDecide_mergeAddsBothHistories(t *testing.T) {
	start := paris(t, "2026-09-07 11:00")
	r := contact.Default()
	r.Caps = []contact.Cap{{Most: 3, Hours: 7 * 24, Source: "test"}}
	var a, b contact.Log
	for i := range 2 {
		at := start.Add(time.Duration(i) * time.Hour).Unix()
		a = a.With(contact.Contact{ID: idOf(i), At: at, State: contact.Made, Channel: consent.ChannelEmail, Point: pointOf(1)})
		b = b.With(contact.Contact{ID: idOf(10 + i), At: at, State: contact.Made, Channel: consent.ChannelEmail, Point: pointOf(2)})
	}
	ask := contact.Ask{ID: idOf(99), Channel: consent.ChannelEmail, Point: pointOf(1)}
	now := start.Add(3 * time.Hour)
	decide := func(l contact.Log) bool {
		return r.Decide(ask, contact.Person{Permission: agreed(start), Log: l}, now).Allowed
	}
	both := a.Merge(b)
	if !decide(a) || !decide(b) || decide(both) || !decide(both.At([]identifier.Key{pointOf(1)})) {
		t.Error("a merge does not add, or a split does not part")
	}
}

func TestRules_validate_allProblemsAtOnce(t *testing.T) {
	r := contact.Rules{
		Caps:     []contact.Cap{{Channel: "fax", Most: -1, Hours: 1, Days: 1}, {Most: 1, Source: "x"}, {Most: 1, Days: 401, Source: "x"}},
		Hours:    []contact.Hours{{Channel: "fax"}, {Channel: "sms", Days: []contact.Day{9}, Spans: []contact.Span{{20, 10}}, Source: "x"}, {Channel: "sms", Source: "x"}},
		Silences: []contact.Figure{{}}, Ages: []contact.Figure{{Channel: "sms", Days: 1000, Source: "x"}},
	}
	err := r.Validate()
	for _, want := range []string{
		"caps[0]: channel", "caps[0]: most", "caps[0]: want either", "caps[0]: source", "caps[1]: want either", "caps[2]: want at most", "hours[0]: channel", "hours[0]: want days",
		"hours[0]: source", "hours[1]: want hours", "hours[1]: want a day", "hours[2]: channel: has", "silences[0]: channel", "silences[0]: days", "silences[0]: source",
		"ages[0]: days", "hold_minutes: want",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
}
