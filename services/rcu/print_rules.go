package main

import (
	"fmt"
	"io"
	"strings"

	"rcu/pkg/identity"
)

// triedKinds are the kinds of change, in the order in which they are printed, and what they are to a reader.
var triedKinds = []struct {
	kind identity.ChangeKind
	text string
}{
	{identity.PeopleMerge, "People who become one"},
	{identity.PeopleSplit, "People who part"},
	{identity.PeopleRegroup, "People who part and join others"},
	{identity.PersonRenamed, "People with another id"},
	{identity.ValueStands, "Identifiers that stand otherwise"},
	{identity.ValueOversized, "Identifiers in a component that is too large"},
}

// print writes what rules would do, for a person.
func (x *tried) print(w io.Writer) {
	e := x.Effect
	_, _ = fmt.Fprintf(w, "space %s: %d identifiers judged in %.1f s\n", x.Space, e.Identifiers, x.Seconds)
	for _, line := range []struct {
		text string
		n    int
	}{
		{"people now", e.PeopleBefore},
		{"people by the new rules", e.PeopleAfter},
		{"people who merge", e.Merging},
		{"people who split", e.Splitting},
		{"people with another id", e.Renamed},
		{"identifiers that answer with another id", e.Moved},
		{"identifiers blocked", e.Blocked},
		{"identifiers quarantined", e.Quarantined},
		{"identifiers contested", e.Contested},
		{"identifiers released", e.Released},
		{"identifiers in components too large", e.Oversized},
	} {
		_, _ = fmt.Fprintf(w, "  %-42s %9d\n", line.text, line.n)
	}
	for _, k := range triedKinds {
		samples := x.Samples[string(k.kind)]
		if len(samples) > 0 {
			_, _ = fmt.Fprintf(w, "  %s, for example:\n", k.text)
		}
		for _, s := range samples {
			_, _ = fmt.Fprintf(w, "    %s -> %s", strings.Join(s.Before, " "), strings.Join(s.After, " "))
			if s.Stands != "" {
				_, _ = fmt.Fprintf(w, "  %s: %s -> %s", strings.Join(s.Identifiers, " "), s.Stood, s.Stands)
			} else {
				_, _ = fmt.Fprintf(w, "  (%d identifiers)", len(s.Identifiers))
			}
			_, _ = fmt.Fprintln(w)
		}
	}
}
