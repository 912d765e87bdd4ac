package contact

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Hours are when contacts on a channel may be made, by the clock of the place. A channel without Hours is open at any time.
type Hours struct {
	Channel  string `json:"channel"`
	Days     []Day  `json:"days"`
	Spans    []Span `json:"spans"`
	Holidays bool   `json:"holidays,omitempty"` // open on public holidays too
	Source   string `json:"source"`
}

// Day is a day of the week, written mon, tue ...
type Day time.Weekday

var dayNames = [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// MarshalText writes the name.
func (d Day) MarshalText() ([]byte, error) {
	if d < 0 || int(d) >= len(dayNames) {
		return nil, errDay
	}
	return []byte(dayNames[d]), nil
}

// UnmarshalText reads the name.
func (d *Day) UnmarshalText(text []byte) error {
	i := slices.Index(dayNames[:], string(text))
	if i < 0 {
		return errDay
	}
	*d = Day(i)
	return nil
}

var (
	errDay  = errors.New("want a day: sun, mon, tue, wed, thu, fri or sat")
	errSpan = errors.New("want hours such as 10:00-13:00")
)

// Span is a part of a day, in minutes since midnight; it ends before To.
type Span struct{ From, To int }

// MarshalText writes 10:00-13:00.
func (s Span) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%02d:%02d-%02d:%02d", s.From/60, s.From%60, s.To/60, s.To%60), nil
}

// UnmarshalText reads 10:00-13:00.
func (s *Span) UnmarshalText(text []byte) error {
	from, to, ok := strings.Cut(string(text), "-")
	a, okA := minutes(from)
	b, okB := minutes(to)
	if !ok || !okA || !okB || a >= b {
		return errSpan
	}
	s.From, s.To = a, b
	return nil
}

// day is the number of minutes of a day whose clock does not change.
const day = 24 * 60

// minutes reads 10:00; 24:00 is the end of a day.
func minutes(text string) (int, bool) {
	h, m, ok := strings.Cut(text, ":")
	if !ok || len(h) != 2 || len(m) != 2 {
		return 0, false
	}
	n := 0
	for _, part := range []struct {
		text        string
		times, most int
	}{{h, 60, 24}, {m, 1, 59}} {
		v := int(part.text[0]-'0')*10 + int(part.text[1]-'0')
		if part.text[0] < '0' || part.text[0] > '9' || part.text[1] < '0' || part.text[1] > '9' || v > part.most {
			return 0, false
		}
		n += v * part.times
	}
	return n, n <= day
}

// open reports whether t lies in the hours at a place.
func (h Hours) open(t time.Time, p Place) bool {
	t = t.In(p.zone)
	if !slices.Contains(h.Days, Day(t.Weekday())) || !h.Holidays && p.Holiday(t) {
		return false
	}
	minute := t.Hour()*60 + t.Minute()
	return slices.ContainsFunc(h.Spans, func(s Span) bool { return s.From <= minute && minute < s.To })
}

// openIn reports whether t lies in the hours of every place.
func (h Hours) openIn(t time.Time, places []Place) bool {
	return !slices.ContainsFunc(places, func(p Place) bool { return !h.open(t, p) })
}

// horizon bounds how far ahead hours are looked for.
const horizon = 400 * 24 * time.Hour

// next returns the first time from t on that lies in the hours of every place; zero where there is none for more than a year.
func (h Hours) next(t time.Time, places []Place) time.Time {
	for end := t.Add(horizon); t.Before(end); {
		if h.openIn(t, places) {
			return t
		}
		soonest := end
		for _, p := range places {
			if c := h.change(t, p); c.Before(soonest) {
				soonest = c
			}
		}
		t = soonest
	}
	return time.Time{}
}

// change returns the first time after t at which the hours of a place may open: the clock shows the beginning of a span or of a day, or it
// is put forward or back. Between two changes of the clock it runs evenly, so that no day is too short or too long.
func (h Hours) change(t time.Time, p Place) time.Time {
	local := t.In(p.zone)
	minute := local.Hour()*60 + local.Minute()
	ahead := day // midnight
	for _, s := range h.Spans {
		if s.From > minute {
			ahead = min(ahead, s.From)
		}
	}
	at := local.Add(time.Duration(ahead-minute)*time.Minute - time.Duration(local.Second())*time.Second)
	if _, end := local.ZoneBounds(); !end.IsZero() && end.Before(at) {
		return end
	}
	return at
}

// startOfDay returns the first moment of the day that is days after that of t, by the clock of a place.
func startOfDay(t time.Time, days int, p Place) time.Time {
	y, m, d := t.In(p.zone).Date()
	start := time.Date(y, m, d+days, 0, 0, 0, 0, p.zone)
	want := time.Date(y, m, d+days, 0, 0, 0, 0, time.UTC).Day()
	for range 24 { // where the clock is put forward at midnight, that hour does not exist
		if start.Day() == want {
			break
		}
		start = start.Add(time.Hour)
	}
	return start
}
