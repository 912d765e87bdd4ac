package main

import (
	"errors"
	"fmt"
	"io"

	"rcu/services/e2e/chaos/judge"
)

// report is what a run found.
type report struct {
	Seed    uint64           `json:"seed"`
	Broker  string           `json:"broker"`
	Changes []change         `json:"changes,omitempty"`
	Rates   []rate           `json:"throughput,omitempty"`
	Verdict []*judge.Verdict `json:"verdicts"`
}

// change is what happened when members joined or left.
type change struct {
	From    int                `json:"from"`
	To      int                `json:"to"`
	Owned   float64            `json:"seconds_until_every_partition_is_read_once"`
	Pauses  map[string]float64 `json:"longest_seconds_without_a_commit"` // by group
	Resumed map[string]float64 `json:"seconds_until_the_next_commit"`    // by group, from the change
}

// rate is how fast so many members work off a backlog.
type rate struct {
	Members    int     `json:"members"`
	Events     int     `json:"events"`
	Resolved   float64 `json:"events_per_second_resolved"`
	ClickHouse float64 `json:"events_per_second_to_clickhouse"`
}

func (r *report) clean() bool {
	for _, v := range r.Verdict {
		if !v.Clean() {
			return false
		}
	}
	return len(r.Verdict) > 0
}

func (r *report) print(w io.Writer) error {
	var errs []error
	line := func(format string, args ...any) {
		_, err := fmt.Fprintf(w, format+"\n", args...)
		errs = append(errs, err)
	}
	for _, c := range r.Changes {
		line("%d -> %d members: every partition read by one member after %.1f s; longest pause between two commits: resolver %.1f s, sink %.1f s",
			c.From, c.To, c.Owned, c.Pauses["resolver"], c.Pauses["sink"])
	}
	for _, x := range r.Rates {
		line("%d resolvers and %d sinks: %.0f events/s resolved, %.0f events/s to clickhouse (backlog of %d)", x.Members, x.Members, x.Resolved, x.ClickHouse, x.Events)
	}
	lost, doubled, different := 0, 0, 0
	for _, v := range r.Verdict {
		lost, doubled, different = lost+v.Lost, doubled+v.Doubled, different+v.Different
		if !v.Clean() {
			line("%s", v)
		}
	}
	line("lost %d, doubled %d, different %d", lost, doubled, different)
	return errors.Join(errs...)
}
