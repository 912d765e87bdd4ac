package profileapi

import (
	"net/http"
	"strings"

	"go.uber.org/zap"

	"rcu/pkg/identifier"
	"rcu/services/internal/explain"
)

// What an explanation answers with.
type (
	// Explanation says why the identifiers are one person, and which links were refused.
	Explanation = explain.Explanation
	// StandingBecause is an identifier with its standing and what gives it that.
	StandingBecause = explain.StandingBecause
	// Link is one piece of evidence and what became of it.
	Link = explain.Link
	// Witness is an event that showed two identifiers together.
	Witness = explain.Witness
	// LinkEnd is an identifier without its value.
	LinkEnd = explain.LinkEnd
	// WhyNot says what lies between two identifiers.
	WhyNot = explain.WhyNot
	// Transition is one thing that happened to a record.
	Transition = explain.Transition
)

func (s *Service) explain(w http.ResponseWriter, r *http.Request, q request) {
	if !s.permitted(w, r, q, q.sees.Explain) {
		return
	}
	p := s.open(w, r, q, r.PathValue("rcu_id"))
	if p == nil {
		return
	}
	e, err := s.deps.Graph.Explain(r.Context(), q.reader.Space, p.Asked, s.deps.Now().Unix())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	t := s.teller(r, q)
	out := t.Explanation(&e)
	if err := t.AddWeights(r.Context(), s.deps.Weigher, q.reader.Space, out.Links); err != nil {
		s.deps.Log.Warn("an explanation is told without its weights", zap.Error(err))
	}
	w.Header().Set("Content-Language", string(t.Language))
	w.Header().Set("Vary", "Accept, Accept-Language")
	if strings.Contains(r.Header.Get("Accept"), explain.PictureType) {
		s.sendAs(w, r, q, out.RCUID, explain.PictureType, explain.Picture(&out, string(t.Language)))
		return
	}
	if err := t.AddHistory(r.Context(), s.deps.History, q.reader.Space, &e, &out); err != nil {
		s.deps.Log.Warn("an explanation is told without its history", zap.Error(err))
	}
	s.send(w, r, q, out.RCUID, outcomeOK, out)
}

// whyNot answers GET /v1/profiles/{rcu_id}/why-not/{other}: both must be known to the reader.
func (s *Service) whyNot(w http.ResponseWriter, r *http.Request, q request) {
	if !s.permitted(w, r, q, q.sees.Explain) {
		return
	}
	a := s.open(w, r, q, r.PathValue("rcu_id"))
	if a == nil {
		return
	}
	b := s.open(w, r, q, r.PathValue("other"))
	if b == nil {
		return
	}
	x, err := s.deps.Graph.Between(r.Context(), q.reader.Space, a.Asked, b.Asked, s.deps.Now().Unix())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	t := s.teller(r, q)
	out := t.WhyNot(a.Asked, b.Asked, &x)
	w.Header().Set("Content-Language", string(t.Language))
	w.Header().Set("Vary", "Accept-Language")
	s.send(w, r, q, out.RCUID, outcomeOK, out)
}

// teller tells of the graph to the reader of a request, in its language.
func (s *Service) teller(r *http.Request, q request) explain.Teller {
	return explain.Teller{
		Language: explain.Preferred(r.Header.Get("Accept-Language")),
		Name:     func(k identifier.Key) string { return s.name(q.reader.Space, k) },
		Carries:  func(source string) bool { return s.deps.Controller != nil && q.asks(s.deps.Controller(source)) },
	}
}
