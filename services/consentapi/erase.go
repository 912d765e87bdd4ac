package consentapi

import (
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/consent"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/page"
)

// eraseView says what erasing does and what it leaves, before anything happens, and afterwards that it was asked for.
type eraseView struct {
	Base   string   // path of the preference centre
	Kept   []string // retentions of what the law obliges to keep
	Closed string   // overlay that closes the record; empty: none
	At     time.Time
	Done   bool
}

// erasePage says what erasing does. Opening it changes nothing.
func (s *Service) erasePage(w http.ResponseWriter, r *http.Request) {
	v, ok := s.visited(w, r)
	if !ok {
		return
	}
	k, p := s.erasable(r, v)
	if p != nil {
		s.showPreferenceProblem(w, r, p)
		return
	}
	view := eraseView{
		Base: "/p/" + r.PathValue("token"), Kept: s.keptByLaw(), Closed: string(consent.Closed(k.points, k.now)), Done: r.URL.Query().Has("done"),
	}
	view.At = erasedAt(k.points)
	s.render(w, r, http.StatusOK, "erase", "erase.title", view)
}

// erase closes the record of the person of a session at once: every point gets the overlay of an erasure, the way of a denial. Asking again
// changes nothing.
func (s *Service) erase(w http.ResponseWriter, r *http.Request) {
	v, ok := s.visited(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	k, p := s.erasable(r, v)
	if p == nil && (r.ParseForm() != nil || r.PostForm.Get("do") != "erase") {
		p = badChoice
	}
	if p == nil {
		p = s.askErasure(r, k)
	}
	if p != nil {
		s.showPreferenceProblem(w, r, p)
		return
	}
	http.Redirect(w, r, r.URL.Path+"?done=1", http.StatusSeeOther)
}

// erasable reads what an erasure would close. A link is about one point alone and closes no record.
func (s *Service) erasable(r *http.Request, v *visit) (*known, *problem) {
	if !v.whole {
		return nil, accountOnly
	}
	return s.known(r.Context(), v, page.LanguageOf(r))
}

// askErasure lays the overlay on every point that does not bear it yet.
func (s *Service) askErasure(r *http.Request, k *known) *problem {
	purpose := consent.Erased.Purpose()
	id := newID()
	var ds []*eventpb.Decision
	for _, p := range k.points {
		if slices.Contains(p.Register.Overlays(s.now().Unix()), consent.Erased) {
			continue
		}
		d := s.denial(k.visit.scope(p.Key), k.visit.source(), consent.PurposeChannel{Purpose: purpose}, "object", k.visit.act())
		d.Id = id
		ds = append(ds, d)
	}
	if len(ds) == 0 {
		return nil
	}
	if _, err := s.deny(r.Context(), ds); err != nil {
		s.deps.Log.Error("an erasure that was asked for is not in force yet", zap.Int("points", len(ds)), zap.Error(err))
		return notInForce
	}
	s.metrics.decisions.WithLabelValues("object").Add(float64(len(ds)))
	return nil
}

// erasedAt is when an erasure was asked for; zero where none was.
func erasedAt(points []consent.Point) time.Time {
	var at int64
	for _, p := range points {
		if d := p.Register.History(consent.Erased.Purpose(), "").Latest(); d.Denies() {
			at = max(at, d.At)
		}
	}
	if at == 0 {
		return time.Time{}
	}
	return time.Unix(at, 0).UTC()
}

// keptByLaw are the retentions of the data that the register keeps because the law obliges to it.
func (s *Service) keptByLaw() []string {
	var out []string
	keep := func(purpose, retention string) {
		if s.deps.Registry.Purposes[purpose].Basis == "legal" && !slices.Contains(out, retention) {
			out = append(out, retention)
		}
	}
	for _, fields := range s.deps.Registry.Fields {
		for _, f := range fields {
			keep(f.Purpose, f.Retention)
		}
	}
	slices.Sort(out)
	return out
}
