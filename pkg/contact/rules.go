package contact

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"rcu/pkg/consent"
)

// Rules are the figures before a contact. The zero Rules are not valid; Default are.
type Rules struct {
	Caps  []Cap   `json:"caps"`
	Hours []Hours `json:"hours"`
	// Silences are how long a channel is silent after the person refused in a contact on it.
	Silences []Figure `json:"silences"`
	// Ages bound how old a grant may be on a channel, whatever its own expiry.
	Ages []Figure `json:"ages"`
	// HoldMinutes is how long a reservation holds its place.
	HoldMinutes int `json:"hold_minutes"`
}

// Cap is the most contacts in a window that moves with the clock. Just one of Hours and Days is set.
type Cap struct {
	Channel string `json:"channel,omitempty"` // empty: all channels together
	Most    int    `json:"most"`
	Hours   int    `json:"hours,omitempty"` // back from now
	Days    int    `json:"days,omitempty"`  // calendar days by the clock of the place, today among them
	Source  string `json:"source"`
}

// Figure is a number of days for a channel.
type Figure struct {
	Channel string `json:"channel"`
	Days    int    `json:"days"`
	Source  string `json:"source"`
}

// Where the defaults come from.
const (
	sourceHouse = "practice of the product; no law sets a figure"
	sourceCalls = "Code de la consommation D.223-9 (decree 2022-1313): weekdays 10-13 and 14-20 by the consumer's clock, no public holidays, " +
		"4 calls or attempts in 30 calendar days, 60 calendar days after a refusal"
	sourceCallConsent = "Code de la consommation L.223-1 (law 2025-594), consent of one year at most: decree 2026-662, known second-hand"
	sourceSMS         = "rule of the trade for advertising by SMS: Monday to Saturday 8-20, no Sundays and public holidays"
)

// Default are the figures of consent.md 2.5 and 3.11.
func Default() Rules {
	weekdays := []Day{Day(time.Monday), Day(time.Tuesday), Day(time.Wednesday), Day(time.Thursday), Day(time.Friday)}
	workdays := append(slices.Clone(weekdays), Day(time.Saturday))
	all := append(slices.Clone(workdays), Day(time.Sunday))
	daytime := []Span{{8 * 60, 20 * 60}}
	return Rules{
		Caps: []Cap{
			{Most: 1, Hours: 24, Source: sourceHouse},
			{Most: 3, Hours: 7 * 24, Source: sourceHouse},
			{Channel: consent.ChannelEmail, Most: 3, Hours: 7 * 24, Source: sourceHouse},
			{Channel: consent.ChannelSMS, Most: 1, Hours: 7 * 24, Source: sourceHouse},
			{Channel: consent.ChannelPush, Most: 3, Hours: 7 * 24, Source: sourceHouse},
			{Channel: consent.ChannelPhone, Most: 4, Days: 30, Source: sourceCalls},
		},
		Hours: []Hours{
			{Channel: consent.ChannelPhone, Days: weekdays, Spans: []Span{{10 * 60, 13 * 60}, {14 * 60, 20 * 60}}, Source: sourceCalls},
			{Channel: consent.ChannelSMS, Days: workdays, Spans: daytime, Source: sourceSMS},
			{Channel: consent.ChannelMessaging, Days: workdays, Spans: daytime, Source: sourceSMS + "; taken over for messages"},
			{Channel: consent.ChannelPush, Days: all, Spans: []Span{{8 * 60, 21 * 60}}, Holidays: true, Source: sourceHouse},
		},
		Silences:    []Figure{{Channel: consent.ChannelPhone, Days: 60, Source: sourceCalls}},
		Ages:        []Figure{{Channel: consent.ChannelPhone, Days: 365, Source: sourceCallConsent}},
		HoldMinutes: 15,
	}
}

// channels are those on which a person is contacted. Their places are part of what is stored: only ever append.
var channels = [...]string{
	consent.ChannelEmail, consent.ChannelSMS, consent.ChannelPhone, consent.ChannelPost, consent.ChannelMessaging, consent.ChannelPush,
}

func known(channel string) bool { return slices.Contains(channels[:], channel) }

// Validate reports every problem, joined.
func (r Rules) Validate() error {
	var p problems
	for i, c := range r.Caps {
		p.at("caps[%d]", i, c.problems()...)
	}
	seen := map[string]bool{}
	for i, h := range r.Hours {
		p.at("hours[%d]", i, h.problems()...)
		p.at("hours[%d]", i, when(seen[h.Channel], "channel: has hours already"))
		seen[h.Channel] = true
	}
	for i, f := range r.Silences {
		p.at("silences[%d]", i, f.problems(MaxWindow)...)
	}
	for i, f := range r.Ages {
		p.at("ages[%d]", i, f.problems(maxDays)...)
	}
	p.at("hold_minutes%.0d", 0, when(r.HoldMinutes < 1 || r.HoldMinutes > 24*60, "want 1 to 1440"))
	return errors.Join(p...)
}

type problems []error

func (p *problems) at(path string, i int, texts ...string) {
	for _, text := range texts {
		if text != "" {
			*p = append(*p, fmt.Errorf(path+": %s", i, text))
		}
	}
}

func when(wrong bool, text string) string {
	if wrong {
		return text
	}
	return ""
}

const (
	// maxDays bounds the age of a grant.
	maxDays = 400
	// MaxWindow bounds, in days, how far back contacts may matter: they are told on Kafka for 90 days, and a rule that looks further back would count too
	// few of them after Redis was lost and rebuilt.
	MaxWindow = 88
)

func (c Cap) problems() []string {
	return []string{
		when(c.Channel != "" && !known(c.Channel), "channel: is none"),
		when(c.Most < 0 || c.Most > MaxContacts/2, fmt.Sprintf("most: want 0 to %d", MaxContacts/2)),
		when((c.Hours == 0) == (c.Days == 0), "want either hours or days"),
		when(c.Hours < 0 || c.Hours > 24*MaxWindow || c.Days < 0 || c.Days > MaxWindow, fmt.Sprintf("want at most %d days: older contacts are not counted again after a rebuild", MaxWindow)),
		when(c.Source == "", "source: say where the figure comes from"),
	}
}

func (h Hours) problems() []string {
	out := []string{
		when(!known(h.Channel), "channel: is none"),
		when(len(h.Days) == 0 || len(h.Spans) == 0, "want days and spans"),
		when(h.Source == "", "source: say where the figure comes from"),
	}
	for _, s := range h.Spans {
		out = append(out, when(s.From < 0 || s.From >= s.To || s.To > day, errSpan.Error()))
	}
	for _, d := range h.Days {
		_, err := d.MarshalText()
		out = append(out, when(err != nil, errDay.Error()))
	}
	return out
}

func (f Figure) problems(most int) []string {
	return []string{
		when(!known(f.Channel), "channel: is none"),
		when(f.Days < 1 || f.Days > most, fmt.Sprintf("days: want 1 to %d", most)),
		when(f.Source == "", "source: say where the figure comes from"),
	}
}

// Kept is how long a contact can matter to the rules; older ones may be forgotten.
func (r Rules) Kept() time.Duration {
	longest := 31 // the slowest frequency that a person can choose
	for _, c := range r.Caps {
		longest = max(longest, c.Days+1, c.Hours/24+1)
	}
	for _, f := range r.Silences {
		longest = max(longest, f.Days+2)
	}
	return time.Duration(longest) * 24 * time.Hour
}

// Hold is how long a reservation holds its place.
func (r Rules) Hold() time.Duration { return time.Duration(r.HoldMinutes) * time.Minute }

// hoursOf returns the hours of a channel.
func (r Rules) hoursOf(channel string) (Hours, bool) {
	i := slices.IndexFunc(r.Hours, func(h Hours) bool { return h.Channel == channel })
	if i < 0 {
		return Hours{}, false
	}
	return r.Hours[i], true
}
