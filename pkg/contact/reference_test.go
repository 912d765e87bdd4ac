package contact_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
)

// reference says whether a contact is allowed at one moment, straight from the words of the rules: it counts, it prints the clock and
// compares texts, and it never looks ahead.
func reference(r contact.Rules, a contact.Ask, p contact.Person, t time.Time) bool {
	if !p.Permission.Allowed || !p.Permission.Until.IsZero() && !t.Before(p.Permission.Until) {
		return false
	}
	for _, f := range r.Ages {
		if f.Channel == a.Channel && t.Sub(p.Permission.Since) >= time.Duration(f.Days)*24*time.Hour {
			return false
		}
	}
	if t.Before(p.Wishes.Paused) {
		return false
	}
	for _, s := range p.Wishes.Suppressed {
		under := len(a.Topic) > len(s.Topic) && a.Topic[:len(s.Topic)+1] == s.Topic+"/"
		if (a.Topic == "" || a.Topic == s.Topic || under) && (s.Until.IsZero() || t.Before(s.Until)) {
			return false
		}
	}
	caps := slices.Clone(r.Caps)
	for _, channel := range []string{"", a.Channel} {
		switch p.Wishes.Frequency[channel] {
		case contact.Never:
			return false
		case contact.Daily:
			caps = append(caps, contact.Cap{Channel: channel, Most: 1, Hours: 24})
		case contact.Weekly:
			caps = append(caps, contact.Cap{Channel: channel, Most: 1, Hours: 168})
		case contact.Monthly:
			caps = append(caps, contact.Cap{Channel: channel, Most: 1, Hours: 720})
		}
	}
	for _, c := range caps {
		if (c.Channel == "" || c.Channel == a.Channel) && countIn(c, a, p.Log, t) >= c.Most {
			return false
		}
	}
	return !silentAt(r, a, p.Log, t) && openAt(r, a, t)
}

// countIn counts the contacts in the window of a cap at t.
func countIn(c contact.Cap, a contact.Ask, l contact.Log, t time.Time) (n int) {
	for _, x := range l.Contacts() {
		at := time.Unix(x.At, 0)
		counts := c.Channel == "" || c.Channel == x.Channel
		if x.State == contact.Reserved && x.Expires <= t.Unix() {
			counts = false
		}
		if c.Hours > 0 && t.Sub(at) >= time.Duration(c.Hours)*time.Hour {
			counts = false
		}
		if c.Days > 0 && !slices.ContainsFunc(a.Places, func(p contact.Place) bool { return daysBetween(at, t, p) < c.Days }) {
			counts = false
		}
		if counts {
			n++
		}
	}
	return n
}

// daysBetween counts the midnights between two moments by the clock of a place.
func daysBetween(from, to time.Time, p contact.Place) int {
	a, _ := time.Parse("2006-01-02", from.In(p.Zone()).Format("2006-01-02"))
	b, _ := time.Parse("2006-01-02", to.In(p.Zone()).Format("2006-01-02"))
	return int(b.Sub(a).Hours()) / 24
}

func silentAt(r contact.Rules, a contact.Ask, l contact.Log, t time.Time) bool {
	for _, f := range r.Silences {
		for _, x := range l.Contacts() {
			refused := f.Channel == a.Channel && x.Channel == a.Channel && x.State == contact.Declined
			if refused && slices.ContainsFunc(a.Places, func(p contact.Place) bool { return daysBetween(time.Unix(x.At, 0), t, p) <= f.Days }) {
				return true
			}
		}
	}
	return false
}

func openAt(r contact.Rules, a contact.Ask, t time.Time) bool {
	for _, h := range r.Hours {
		if h.Channel != a.Channel {
			continue
		}
		for _, p := range a.Places {
			local := t.In(p.Zone())
			name, _ := contact.Day(local.Weekday()).MarshalText()
			inDay := slices.ContainsFunc(h.Days, func(d contact.Day) bool { x, _ := d.MarshalText(); return string(x) == string(name) })
			inSpan := slices.ContainsFunc(h.Spans, func(s contact.Span) bool {
				clock := local.Format("15:04")
				return fmt.Sprintf("%02d:%02d", s.From/60, s.From%60) <= clock && clock < fmt.Sprintf("%02d:%02d", s.To/60, s.To%60)
			})
			if !inDay || !inSpan || !h.Holidays && p.Holiday(t) {
				return false
			}
		}
	}
	return true
}

// zones: clocks that change at night, at midnight, by half an hour, southwards, and never.
var zones = []string{
	"FR", "FR-67", "FR-974", "FR-971", "FR-976", "FR-973", "America/New_York", "America/Havana", "Asia/Beirut", "Africa/Cairo", "Australia/Lord_Howe", "America/Santiago",
	"Pacific/Kiritimati", "Asia/Kolkata", "Pacific/Chatham",
}

// moments lie around changes of the clock and holidays as often as anywhere.
func drawTime(t *rapid.T, label string) time.Time {
	around := rapid.SampledFrom([]time.Time{
		time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC), time.Date(2026, 3, 8, 5, 0, 0, 0, time.UTC),
		time.Date(2026, 11, 1, 5, 0, 0, 0, time.UTC), time.Date(2026, 4, 4, 15, 0, 0, 0, time.UTC), time.Date(2026, 12, 24, 12, 0, 0, 0, time.UTC),
		time.Date(2026, 4, 3, 12, 0, 0, 0, time.UTC), time.Date(2026, 5, 26, 12, 0, 0, 0, time.UTC), time.Date(2026, 9, 6, 4, 0, 0, 0, time.UTC), time.Date(2026, 4, 23, 22, 0, 0, 0, time.UTC),
	}).Draw(t, label+" around")
	return around.Add(time.Duration(rapid.IntRange(-4*86400, 4*86400).Draw(t, label)) * time.Second)
}

func drawSpan(t *rapid.T) contact.Span {
	from := rapid.IntRange(0, 1439).Draw(t, "from")
	return contact.Span{From: from, To: rapid.IntRange(from+1, 1440).Draw(t, "to")}
}

func drawRules(t *rapid.T) contact.Rules {
	r := contact.Default()
	if rapid.Bool().Draw(t, "own hours") {
		for i := range r.Hours {
			r.Hours[i].Spans = rapid.Custom(func(t *rapid.T) []contact.Span { return []contact.Span{drawSpan(t), drawSpan(t)} }).Draw(t, "spans")
			r.Hours[i].Holidays = rapid.Bool().Draw(t, "holidays")
		}
	}
	if rapid.Bool().Draw(t, "own caps") {
		r.Caps = nil
		for range rapid.IntRange(0, 3).Draw(t, "caps") {
			c := contact.Cap{Channel: rapid.SampledFrom([]string{"", consent.ChannelEmail, consent.ChannelPhone, consent.ChannelSMS}).Draw(t, "channel"), Most: rapid.IntRange(1, 3).Draw(t, "most"), Source: "test"}
			if rapid.Bool().Draw(t, "by days") {
				c.Days = rapid.IntRange(1, 6).Draw(t, "days")
			} else {
				c.Hours = rapid.IntRange(1, 100).Draw(t, "hours")
			}
			r.Caps = append(r.Caps, c)
		}
		r.Silences[0].Days = rapid.IntRange(1, 8).Draw(t, "silence")
	}
	return r
}

var someChannels = []string{consent.ChannelEmail, consent.ChannelSMS, consent.ChannelPhone, consent.ChannelPush, consent.ChannelPost}

func drawLog(t *rapid.T, channels []string) (l contact.Log) {
	for i := range rapid.IntRange(0, 6).Draw(t, "contacts") {
		c := contact.Contact{
			ID: idOf(rapid.IntRange(0, 8).Draw(t, "id")), At: drawTime(t, "contact").Unix(), State: contact.State(rapid.IntRange(1, 3).Draw(t, "state")),
			Channel: rapid.SampledFrom(channels).Draw(t, "contact channel"), Point: pointOf(byte(i % 3)),
		}
		if c.State == contact.Reserved {
			c.Expires = c.At + int64(rapid.IntRange(0, 3000).Draw(t, "hold"))
		}
		l = l.With(c)
	}
	return l
}

func drawPerson(t *rapid.T, now time.Time) contact.Person {
	p := contact.Person{Log: drawLog(t, someChannels), Permission: contact.Permission{Allowed: rapid.IntRange(0, 9).Draw(t, "no") > 0, Since: now.AddDate(0, 0, -rapid.IntRange(0, 366).Draw(t, "since"))}}
	if rapid.Bool().Draw(t, "ends") {
		p.Permission.Until = now.Add(time.Duration(rapid.IntRange(-3600, 10*86400).Draw(t, "until")) * time.Second)
	}
	if rapid.IntRange(0, 2).Draw(t, "wishes") == 0 {
		p.Wishes.Frequency = map[string]contact.Frequency{
			rapid.SampledFrom([]string{"", consent.ChannelEmail, consent.ChannelPhone}).Draw(t, "about"): contact.Frequency(rapid.IntRange(0, 4).Draw(t, "frequency")),
		}
		if rapid.Bool().Draw(t, "paused") {
			p.Wishes.Paused = drawTime(t, "pause")
		}
		if rapid.Bool().Draw(t, "suppressed") {
			s := contact.Suppression{Topic: "baby"}
			if rapid.Bool().Draw(t, "for a time") {
				s.Until = drawTime(t, "topic")
			}
			p.Wishes.Suppressed = []contact.Suppression{s}
		}
	}
	return p
}

// The answer is that of the reference; and where it names a time, the reference refuses every moment before and allows that one.
func TestDecide_isTheReferenceAndNextIsTheEarliest(t *testing.T) {
	for range 10 {
		rapid.Check(t, nextIsTheEarliest)
	}
}

func nextIsTheEarliest(t *rapid.T) {
	now := drawTime(t, "now")
	r, p := drawRules(t), drawPerson(t, now)
	a := contact.Ask{ID: idOf(99), Point: pointOf(1), Channel: rapid.SampledFrom(someChannels).Draw(t, "ask"), Topic: rapid.SampledFrom([]string{"", "baby", "baby/toys", "shoes"}).Draw(t, "topic")}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(zones), 1, 2, rapid.ID).Draw(t, "places") {
		x, err := contact.ParsePlace(name)
		if err != nil {
			t.Fatal(err)
		}
		a.Places = append(a.Places, x)
	}
	v := r.Decide(a, p, now)
	if v.Allowed != reference(r, a, p, now) || v.Allowed != (v.Reason == contact.ReasonNone) || v.Allowed && !v.Next.IsZero() {
		t.Fatalf("%+v at %s", v, now)
	}
	end := v.Next
	if end.IsZero() {
		end = now.Add(9 * 24 * time.Hour)
	} else if !v.Next.After(now) || !reference(r, a, p, v.Next) {
		t.Fatalf("%+v: not allowed then", v)
	}
	step := max(time.Minute, end.Sub(now)/3000).Truncate(time.Minute)
	for at := now.Truncate(time.Minute).Add(time.Minute); !v.Allowed && at.Before(end); at = at.Add(step) {
		if reference(r, a, p, at) {
			t.Fatalf("%+v: allowed at %s", v, at)
		}
	}
	if !v.Next.IsZero() && reference(r, a, p, v.Next.Add(-time.Second)) {
		t.Fatalf("%+v: allowed a second before", v)
	}
}

// A log is a join: any order, any repetition, any cut into parts. What was packed reads back.
func TestLog_laws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawLog(t, someChannels), drawLog(t, someChannels), drawLog(t, someChannels)
		same := func(x, y contact.Log) bool { return string(x.Encode()) == string(y.Encode()) }
		if !same(a.Merge(b), b.Merge(a)) || !same(a.Merge(b).Merge(c), a.Merge(b.Merge(c))) || !same(a.Merge(a), a) {
			t.Fatal("no join")
		}
		for _, x := range a.Contacts() {
			got, found := a.Merge(b).Find(x.ID)
			if !found || got.State < x.State {
				t.Fatal("a merge loses a contact or takes it back")
			}
		}
		back, err := contact.Decode(a.Encode())
		if err != nil || !slices.Equal(back.Contacts(), a.Contacts()) {
			t.Fatalf("%v: %v", err, back)
		}
	})
}

func FuzzDecode(f *testing.F) {
	var l contact.Log
	for i, channel := range someChannels {
		l = l.With(contact.Contact{ID: idOf(i), At: int64(1_700_000_000 + i), Expires: int64(1-min(i, 1)) * 1_700_000_900, State: contact.State(min(i+1, 3)), Channel: channel, Point: pointOf(byte(i))})
	}
	f.Add(l.Encode())
	f.Add(contact.Log{}.With(contact.Contact{State: contact.Made, Channel: "email"}).Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := contact.Decode(b)
		if err != nil {
			if got.Len() > 0 {
				t.Fatal("an error and contacts")
			}
			return
		}
		if string(got.Encode()) != string(b) {
			t.Fatal("two forms of one log")
		}
		var again contact.Log
		for _, c := range got.Contacts() {
			again = again.With(c)
		}
		if string(again.Encode()) != string(b) {
			t.Fatal("a log that With would not make")
		}
	})
}

func TestDecode_cutAtEveryByteIsCorrupt(t *testing.T) {
	b := made(consent.ChannelSMS, time.Unix(1_700_000_000, 0), time.Unix(1_700_100_000, 0)).Encode()
	for n := 1; n < len(b); n++ {
		if _, err := contact.Decode(b[:n]); err == nil {
			t.Errorf("%d of %d bytes are read", n, len(b))
		}
	}
	if _, err := contact.Decode(append(slices.Clone(b), 0)); err == nil {
		t.Error("a byte more is read")
	}
}
