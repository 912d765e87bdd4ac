package profileapi

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"rcu/pkg/event"
	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
)

// maxTimeline is the most events of a timeline.
const maxTimeline = 500

// Timeline is the newest events of a customer, newest first. ClickHouse has all of them.
type Timeline struct {
	RCUID  string          `json:"rcu_id"`
	Events []TimelineEvent `json:"events"`
}

// TimelineEvent is one event as its leaf remembers it.
type TimelineEvent struct {
	Controller string    `json:"controller"`
	At         time.Time `json:"at"`
	Type       string    `json:"type"`
	Channel    string    `json:"channel"`
	Store      string    `json:"store,omitempty"`
	Total      *Money    `json:"total,omitempty"` // for roles that see orders
	Retracted  bool      `json:"retracted,omitempty"`
}

// Identifiers lists how a customer can be recognised: pseudonyms only.
type Identifiers struct {
	RCUID       string            `json:"rcu_id"`
	Identifiers []KnownIdentifier `json:"identifiers"`
}

// KnownIdentifier is one identifier of the profile.
type KnownIdentifier struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"` // resolves to this profile for as long as it holds the identifier
	Naming    bool   `json:"naming,omitempty"`
	Standing  string `json:"standing"`
}

// Explanation says why the identifiers are one person, and which links were refused.
type Explanation struct {
	RCUID    string `json:"rcu_id"`
	Standing string `json:"standing"`
	Level    uint8  `json:"level,omitempty"` // 1 or 2: so many identifiers hang together that weak links were set aside
	Links    []Link `json:"links"`
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
	Act       string     `json:"act,omitempty"`
}

// LinkEnd is an identifier without its value.
type LinkEnd struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

func (s *Service) timeline(w http.ResponseWriter, r *http.Request, q request) {
	if !s.permitted(w, r, q, q.sees.Activity) {
		return
	}
	p := s.person(w, r, q)
	if p == nil {
		return
	}
	out := Timeline{RCUID: s.name(q.reader.Space, p.Canonical), Events: []TimelineEvent{}}
	seen := s.see(w, r, q, p.Person)
	if seen == nil {
		return
	}
	for _, l := range seen.leaves {
		log := l.Log()
		for i := range log {
			out.Events = append(out.Events, timelineEvent(l.Controller(), &log[i], q.sees))
		}
	}
	slices.SortStableFunc(out.Events, func(a, b TimelineEvent) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Type, b.Type)) })
	out.Events = out.Events[:min(len(out.Events), maxTimeline)]
	s.send(w, r, q, out.RCUID, outcomeOK, out)
}

func timelineEvent(controller string, e *profile.Entry, sees access) TimelineEvent {
	out := TimelineEvent{Controller: controller, At: at(e.At), Type: e.Type, Channel: event.ChannelName(e.Channel), Store: e.Store, Retracted: e.Retracted}
	if e.Currency != "" && sees.Orders {
		out.Total = &Money{e.Amount, e.Currency}
	}
	return out
}

func (s *Service) identifiers(w http.ResponseWriter, r *http.Request, q request) {
	if !s.permitted(w, r, q, q.sees.Identifiers) {
		return
	}
	p := s.person(w, r, q)
	if p == nil {
		return
	}
	view, err := s.deps.Graph.View(r.Context(), q.reader.Space, p.Members, s.deps.Now().Unix())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	out := Identifiers{RCUID: s.name(q.reader.Space, p.Canonical)}
	for _, m := range p.Members {
		out.Identifiers = append(out.Identifiers, KnownIdentifier{
			Namespace: string(m.Namespace), Name: s.name(q.reader.Space, m), Naming: m == p.Canonical, Standing: view.Standing(m).String(),
		})
	}
	s.send(w, r, q, out.RCUID, outcomeOK, out)
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
	out := Explanation{RCUID: s.name(q.reader.Space, p.Canonical), Standing: e.Standing.String(), Level: e.Level, Links: []Link{}}
	for i := range e.Edges {
		out.Links = append(out.Links, s.link(q.reader.Space, &e.Edges[i]))
	}
	slices.SortStableFunc(out.Links, func(a, b Link) int {
		return cmp.Or(compareEnds(a.A, b.A), compareEnds(a.B, b.B))
	})
	s.send(w, r, q, out.RCUID, outcomeOK, out)
}

// compareEnds orders ends as identifiers are: by namespace, then name.
func compareEnds(a, b LinkEnd) int {
	return cmp.Or(cmp.Compare(identifier.Namespace(a.Namespace).Rank(), identifier.Namespace(b.Namespace).Rank()), cmp.Compare(a.Name, b.Name))
}

func (s *Service) link(space string, e *resolve.EdgeView) Link {
	a, b := e.A, e.B
	if identifier.Compare(a, b) > 0 {
		a, b = b, a
	}
	out := Link{A: s.end(space, a), B: s.end(space, b), Outcome: e.Outcome.String(), Strength: e.Strength, Witnesses: e.Witnesses}
	if e.Outcome == identity.RefusedEdge {
		out.Reason = e.Reason.String()
	}
	for _, k := range [...]identifier.Key{e.X, e.Y} {
		if k.Value != "" {
			out.Because = append(out.Because, s.end(space, k))
		}
	}
	if e.T > 0 {
		out.Since = maybe(e.T * 1e6)
	}
	if e.Act != identity.NoOp {
		out.Act = e.Act.String()
	}
	return out
}

func (s *Service) end(space string, k identifier.Key) LinkEnd {
	return LinkEnd{string(k.Namespace), s.name(space, k)}
}

// permitted answers and returns false when the role may not see a detail.
func (s *Service) permitted(w http.ResponseWriter, r *http.Request, q request, ok bool) bool {
	if ok {
		return true
	}
	s.deny(w, r, q, httpserver.Problem{Reason: "role", Field: "Authorization", Fix: "the role of this key may not see this; use a key of another role"})
	return false
}
