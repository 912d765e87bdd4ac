package judge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rcu/services/e2e/chaos/load"
)

// shown is how many examples of each kind of finding are kept.
const shown = 20

// Verdict is what a judge found.
type Verdict struct {
	Sent       int            `json:"sent"`
	Accepted   int            `json:"accepted"`
	Dropped    int            `json:"dropped"`          // refused by consent
	Held       int            `json:"held_and_refused"` // accepted unseen, and refused by consent once it could be read
	Records    int            `json:"records"`          // events on the topics, repetitions included
	Leaves     int            `json:"leaves"`
	People     int            `json:"people"`   // profiles, as the API answers them
	Profiles   int            `json:"profiles"` // of controllers, as ClickHouse has them
	Choices    int            `json:"choices"`  // decisions by the consent API that had their 200
	Dead       map[string]int `json:"dead_letters,omitempty"`
	Older      map[string]int `json:"older_last_records,omitempty"` // by topic: keys whose last record says something older than their newest
	Lost       int            `json:"lost"`
	Doubled    int            `json:"doubled"`
	Different  int            `json:"different"`
	Findings   map[string]int `json:"findings,omitempty"` // by kind
	Examples   []string       `json:"examples,omitempty"`
	lost, twos map[load.Key]bool
}

func newVerdict() *Verdict {
	return &Verdict{Findings: map[string]int{}, Older: map[string]int{}, lost: map[load.Key]bool{}, twos: map[load.Key]bool{}}
}

// Clean reports whether nothing was found.
func (v *Verdict) Clean() bool { return v.Lost+v.Doubled+v.Different == 0 }

// found counts a finding and keeps the first of its kind.
func (v *Verdict) found(kind, format string, args ...any) {
	if v.Findings[kind]++; v.Findings[kind] <= shown {
		v.Examples = append(v.Examples, kind+": "+fmt.Sprintf(format, args...))
	}
}

// lose says that an event is missing somewhere; an event is lost once, wherever it is missing.
func (v *Verdict) lose(k load.Key, where string) {
	v.found("lost in "+where, "%s/%s", k.Source, k.ID)
	if !v.lost[k] {
		v.lost[k] = true
		v.Lost++
	}
}

// double says that an event counts more often than once, or was never sent.
func (v *Verdict) double(k load.Key, where string) {
	v.found("doubled in "+where, "%s/%s", k.Source, k.ID)
	if !v.twos[k] {
		v.twos[k] = true
		v.Doubled++
	}
}

func (v *Verdict) differ(kind, format string, args ...any) {
	v.found(kind, format, args...)
	v.Different++
}

// String is a short report.
func (v *Verdict) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d events accepted (%d refused by consent, %d later), %d records, %d leaves, %d people, %d profiles in clickhouse, %d choices", v.Accepted, v.Dropped, v.Held, v.Records, v.Leaves, v.People, v.Profiles, v.Choices)
	for _, reason := range slices.Sorted(maps.Keys(v.Dead)) {
		fmt.Fprintf(&b, "\ndead letters, %s: %d", reason, v.Dead[reason])
	}
	for _, topic := range slices.Sorted(maps.Keys(v.Older)) {
		fmt.Fprintf(&b, "\nkeys of %s whose last record is not their newest: %d", topic, v.Older[topic])
	}
	for _, kind := range slices.Sorted(maps.Keys(v.Findings)) {
		fmt.Fprintf(&b, "\n%s: %d", kind, v.Findings[kind])
	}
	for _, x := range v.Examples {
		b.WriteString("\n  " + x)
	}
	return b.String()
}
