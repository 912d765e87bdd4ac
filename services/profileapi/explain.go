package profileapi

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// Explanation says why the identifiers are one person, and which links were refused.
type Explanation struct {
	RCUID       string            `json:"rcu_id"`
	Standing    string            `json:"standing"`
	Level       uint8             `json:"level,omitempty"` // 1 or 2: so many identifiers hang together that weak links were set aside
	Identifiers []StandingBecause `json:"identifiers"`     // of the profile, with what gives each its standing
	Links       []Link            `json:"links"`
}

// StandingBecause is an identifier with its standing and what gives it that.
type StandingBecause struct {
	LinkEnd
	Standing string    `json:"standing"`
	Because  string    `json:"because"`          // blocked | full | act | owners | claims | many_names | names | evidence
	Owners   []LinkEnd `json:"owners,omitempty"` // whom it was seen with, where those are too many
	Act      string    `json:"act,omitempty"`    // id of the act
	Words    string    `json:"words"`            // the same as a sentence
}

// Link is one piece of evidence and what became of it.
type Link struct {
	A         LinkEnd    `json:"a"`
	B         LinkEnd    `json:"b"`
	Outcome   string     `json:"outcome"` // joined | confirms | refused
	Reason    string     `json:"reason,omitempty"`
	Because   []LinkEnd  `json:"because,omitempty"` // the two values that the reason speaks of
	Since     *time.Time `json:"since,omitempty"`
	Strength  uint8      `json:"strength,omitempty"`
	Witnesses int        `json:"witnesses"`
	Seen      []Witness  `json:"seen,omitempty"` // the earliest event of each kind that showed the two together
	Act       string     `json:"act,omitempty"`
	ActID     string     `json:"act_id,omitempty"`
	ActAt     *time.Time `json:"act_at,omitempty"`
	Words     string     `json:"words"` // the same as a sentence
}

// Witness is an event that showed two identifiers together.
type Witness struct {
	At       time.Time `json:"at"`
	Proved   bool      `json:"proved"`           // possession of both was proved, not only stated
	Browsing bool      `json:"browsing"`         // it was browsing, seen under a grant
	Source   string    `json:"source,omitempty"` // of a controller that the key carries
	Event    string    `json:"event,omitempty"`  // its id there
}

// LinkEnd is an identifier without its value.
type LinkEnd struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// WhyNot says what lies between two identifiers.
type WhyNot struct {
	A     LinkEnd `json:"a"`
	B     LinkEnd `json:"b"`
	Same  bool    `json:"same"`   // they are one person
	Path  []Link  `json:"path"`   // evidence that leads from one to the other over as few refused links as there are; empty: there is none
	Cut   bool    `json:"cut"`    // so much hangs together that the search was ended: there may be a path
	Words string  `json:"words"`  // the same as a sentence
	RCUID string  `json:"rcu_id"` // of the profile that holds a
	Other string  `json:"other"`  // of the profile that holds b
}

func (s *Service) explain(w http.ResponseWriter, r *http.Request, q request) {
	if !s.permitted(w, r, q, q.sees.Explain) {
		return
	}
	p := s.person(w, r, q)
	if p == nil {
		return
	}
	e, err := s.deps.Graph.Explain(r.Context(), q.reader.Space, p.Asked, s.deps.Now().Unix())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	t := teller{s, q, languageOf(r)}
	out := Explanation{RCUID: s.name(q.reader.Space, p.Canonical), Standing: e.Standing.String(), Level: e.Level, Identifiers: []StandingBecause{}, Links: []Link{}}
	for i := range e.Edges {
		out.Links = append(out.Links, t.link(&e.Edges[i]))
	}
	for i := range e.Why {
		out.Identifiers = append(out.Identifiers, t.standing(&e.Why[i]))
	}
	slices.SortStableFunc(out.Links, func(a, b Link) int {
		return cmp.Or(compareEnds(a.A, b.A), compareEnds(a.B, b.B))
	})
	slices.SortStableFunc(out.Identifiers, func(a, b StandingBecause) int { return compareEnds(a.LinkEnd, b.LinkEnd) })
	w.Header().Set("Content-Language", string(t.language))
	w.Header().Set("Vary", "Accept, Accept-Language")
	if strings.Contains(r.Header.Get("Accept"), svgType) {
		s.sendAs(w, r, q, out.RCUID, svgType, Picture(&out, string(t.language)))
		return
	}
	s.send(w, r, q, out.RCUID, outcomeOK, out)
}

// whyNot answers GET /v1/profiles/{rcu_id}/why-not/{other}: both must be known to the reader.
func (s *Service) whyNot(w http.ResponseWriter, r *http.Request, q request) {
	if !s.permitted(w, r, q, q.sees.Explain) {
		return
	}
	a := s.person(w, r, q)
	if a == nil {
		return
	}
	b := s.personOf(w, r, q, r.PathValue("other"))
	if b == nil {
		return
	}
	x, err := s.deps.Graph.Between(r.Context(), q.reader.Space, a.Asked, b.Asked, s.deps.Now().Unix())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	t := teller{s, q, languageOf(r)}
	out := WhyNot{
		A: s.end(q.reader.Space, a.Asked), B: s.end(q.reader.Space, b.Asked), Same: x.Same, Cut: x.Cut, Path: []Link{},
		RCUID: s.name(q.reader.Space, x.A.Canonical), Other: s.name(q.reader.Space, x.B.Canonical),
	}
	for i := range x.Path {
		out.Path = append(out.Path, t.link(&x.Path[i]))
	}
	out.Words = t.language.between(&out)
	w.Header().Set("Content-Language", string(t.language))
	w.Header().Set("Vary", "Accept-Language")
	s.send(w, r, q, out.RCUID, outcomeOK, out)
}

// compareEnds orders ends as identifiers are: by namespace, then name.
func compareEnds(a, b LinkEnd) int {
	return cmp.Or(cmp.Compare(identifier.Namespace(a.Namespace).Rank(), identifier.Namespace(b.Namespace).Rank()), cmp.Compare(a.Name, b.Name))
}

// teller tells of the graph to one reader in one language.
type teller struct {
	s        *Service
	q        request
	language language
}

func (t teller) link(e *resolve.EdgeView) Link {
	space := t.q.reader.Space
	a, b := e.A, e.B
	if identifier.Compare(a, b) > 0 {
		a, b = b, a
	}
	out := Link{A: t.s.end(space, a), B: t.s.end(space, b), Outcome: e.Outcome.String(), Strength: e.Strength, Witnesses: e.Witnesses}
	if e.Outcome == identity.RefusedEdge {
		out.Reason = e.Reason.String()
	}
	for _, k := range [...]identifier.Key{e.X, e.Y} {
		if k.Value != "" {
			out.Because = append(out.Because, t.s.end(space, k))
		}
	}
	if e.T > 0 {
		out.Since = maybe(e.T * 1e6)
	}
	for i := range e.Seen {
		out.Seen = append(out.Seen, t.witness(&e.Seen[i]))
	}
	slices.SortStableFunc(out.Seen, func(a, b Witness) int { return a.At.Compare(b.At) })
	if e.Act != identity.NoOp {
		out.Act, out.ActID, out.ActAt = e.Act.String(), e.ActID, maybe(e.ActT*1e6)
	}
	out.Words = t.language.link(&out)
	return out
}

// witness names the source and the event where the source is of a controller that the reader carries: events of others are theirs.
func (t teller) witness(w *identity.Witness) Witness {
	out := Witness{At: at(w.T * 1e6), Proved: !w.Stated, Browsing: w.Behaviour}
	source, id, ok := strings.Cut(w.Event, "/")
	if ok && t.s.deps.Controller != nil && t.q.asks(t.s.deps.Controller(source)) {
		out.Source, out.Event = source, id
	}
	return out
}

func (t teller) standing(w *identity.Why) StandingBecause {
	out := StandingBecause{LinkEnd: t.s.end(t.q.reader.Space, w.Key), Standing: w.Standing.String(), Because: string(w.Code), Act: w.Act.ID}
	for _, k := range w.Owners {
		out.Owners = append(out.Owners, t.s.end(t.q.reader.Space, k))
	}
	slices.SortFunc(out.Owners, compareEnds)
	out.Words = t.language.standing(w)
	return out
}

func (s *Service) end(space string, k identifier.Key) LinkEnd {
	return LinkEnd{string(k.Namespace), s.name(space, k)}
}
