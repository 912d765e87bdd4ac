package contact

import (
	"strings"
	"time"
)

// Frequency is how often a person wants to hear of us. The greater one is the stricter.
type Frequency uint8

// The frequencies.
const (
	Unlimited Frequency = iota // the caps alone
	Daily
	Weekly
	Monthly
	Never
)

var frequencyNames = [...]string{"unlimited", "daily", "weekly", "monthly", "never"}

// String is the name of the frequency.
func (f Frequency) String() string {
	if int(f) < len(frequencyNames) {
		return frequencyNames[f]
	}
	return frequencyNames[Never]
}

// cap is a frequency as a cap; false where it is none.
func (f Frequency) cap(channel string) (Cap, bool) {
	hours := map[Frequency]int{Daily: 24, Weekly: 7 * 24, Monthly: 30 * 24}[f]
	return Cap{Channel: channel, Most: 1, Hours: hours, Source: "the person's own choice: " + f.String()}, hours > 0
}

// Wishes are what a person chose about contacts, over all points.
type Wishes struct {
	Frequency  map[string]Frequency // by channel; empty: over all channels
	Suppressed []Suppression
	Paused     time.Time // no optional contact before
}

// Suppression is a topic that the person does not want to hear of, for a time or for ever. What the person's reason is, nobody asks; days
// of the year that hurt (Mother's Day and the like) are topics too.
type Suppression struct {
	Topic string
	Until time.Time // zero: for ever
}

// covers reports whether a topic is the suppressed one or lies under it ("baby" covers "baby/clothes"). A contact that does not say what it
// is about may be about anything.
func (s Suppression) covers(topic string) bool {
	return topic == "" || topic == s.Topic || strings.HasPrefix(topic, s.Topic+"/")
}
