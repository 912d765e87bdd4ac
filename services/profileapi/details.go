package profileapi

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"rcu/pkg/event"
	"rcu/pkg/httpserver"
	"rcu/pkg/profile"
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
	p := s.open(w, r, q, r.PathValue("rcu_id"))
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

// permitted answers and returns false when the role may not see a detail.
func (s *Service) permitted(w http.ResponseWriter, r *http.Request, q request, ok bool) bool {
	if ok {
		return true
	}
	s.deny(w, r, q, httpserver.Problem{Reason: "role", Field: "Authorization", Fix: "the role of this key may not see this; use a key of another role"})
	return false
}
