package explain

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// Teller tells of the graph to one reader in one language.
type Teller struct {
	Language Language
	Name     func(identifier.Key) string // names an identifier in the space of the reader
	// Carries reports whether events of a source may be named to the reader; nil: those of no source.
	Carries func(source string) bool
}

// Explanation tells what the graph says of a profile.
func (t Teller) Explanation(e *resolve.Explanation) Explanation {
	out := Explanation{RCUID: t.Name(e.Profile.Canonical), Standing: e.Standing.String(), Level: e.Level, Identifiers: []StandingBecause{}, Links: []Link{}}
	for i := range e.Edges {
		out.Links = append(out.Links, t.Link(&e.Edges[i]))
	}
	for i := range e.Why {
		out.Identifiers = append(out.Identifiers, t.Standing(&e.Why[i]))
	}
	slices.SortStableFunc(out.Links, func(a, b Link) int {
		return cmp.Or(compareEnds(a.A, b.A), compareEnds(a.B, b.B))
	})
	slices.SortStableFunc(out.Identifiers, func(a, b StandingBecause) int { return compareEnds(a.LinkEnd, b.LinkEnd) })
	return out
}

// WhyNot tells what lies between the identifiers a and b.
func (t Teller) WhyNot(a, b identifier.Key, x *resolve.Between) WhyNot {
	out := WhyNot{
		A: t.End(a), B: t.End(b), Same: x.Same, Cut: x.Cut, Path: []Link{}, RCUID: t.Name(x.A.Canonical), Other: t.Name(x.B.Canonical),
	}
	for i := range x.Path {
		out.Path = append(out.Path, t.Link(&x.Path[i]))
	}
	out.Words = t.Language.between(&out)
	return out
}

// Link tells of one piece of evidence.
func (t Teller) Link(e *resolve.EdgeView) Link {
	a, b := e.A, e.B
	if identifier.Compare(a, b) > 0 {
		a, b = b, a
	}
	out := Link{A: t.End(a), B: t.End(b), Outcome: e.Outcome.String(), Strength: e.Strength, Witnesses: e.Witnesses}
	if e.Outcome == identity.RefusedEdge {
		out.Reason = e.Reason.String()
	}
	for _, k := range [...]identifier.Key{e.X, e.Y} {
		if k.Value != "" {
			out.Because = append(out.Because, t.End(k))
		}
	}
	out.Since = second(e.T)
	for i := range e.Seen {
		out.Seen = append(out.Seen, t.witness(&e.Seen[i]))
	}
	slices.SortStableFunc(out.Seen, func(a, b Witness) int { return a.At.Compare(b.At) })
	if e.Act != identity.NoOp {
		out.Act, out.ActID, out.ActAt = e.Act.String(), e.ActID, second(e.ActT)
	}
	out.Probable = probable(e)
	out.Words = t.Language.link(&out)
	return out
}

// second is a time of the graph; nil where there is none.
func second(t int64) *time.Time {
	if t <= 0 {
		return nil
	}
	at := time.Unix(t, 0).UTC()
	return &at
}

// witness names the source and the event where the reader carries the source: events of others are theirs.
func (t Teller) witness(w *identity.Witness) Witness {
	out := Witness{At: time.Unix(w.T, 0).UTC(), Proved: !w.Stated, Browsing: w.Behaviour}
	source, id, ok := strings.Cut(w.Event, "/")
	if ok && t.Carries != nil && t.Carries(source) {
		out.Source, out.Event = source, id
	}
	return out
}

// Standing tells what gives an identifier its standing.
func (t Teller) Standing(w *identity.Why) StandingBecause {
	out := StandingBecause{LinkEnd: t.End(w.Key), Standing: w.Standing.String(), Because: string(w.Code), Act: w.Act.ID}
	for _, k := range w.Owners {
		out.Owners = append(out.Owners, t.End(k))
	}
	slices.SortFunc(out.Owners, compareEnds)
	out.Words = t.Language.standing(w)
	return out
}

// End names an identifier.
func (t Teller) End(k identifier.Key) LinkEnd { return LinkEnd{string(k.Namespace), t.Name(k)} }
