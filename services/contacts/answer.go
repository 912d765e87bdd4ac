package contacts

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/telemetry"
)

// Answer is what a step answers.
type Answer struct {
	Allowed bool           `json:"allowed"`
	State   string         `json:"state,omitempty"`
	Reason  string         `json:"reason,omitempty"` // why not
	Text    *contact.Words `json:"text,omitempty"`   // the reason, for people
	Source  string         `json:"source,omitempty"` // where the figure comes from that refuses
	// NextAt is the earliest time at which nothing known now would refuse; absent where waiting does not help.
	NextAt *time.Time `json:"next_at,omitempty"`
	// ExpiresAt is when the place of a reserved contact is given to another.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	// Proof are the decisions of the person that the contact rests on.
	Proof []Proof `json:"proof,omitempty"`
}

// The states that a contact is in after an allowed step.
const (
	StateReserved  = "reserved"
	StateMade      = "made"
	StateReleased  = "released"
	StateRefused   = "refused"   // by the person
	StateUncounted = "uncounted" // a message that serves a contract
)

// Proof is one decision that permits, or the sale that stands for one.
type Proof struct {
	Purpose   string     `json:"purpose"`
	Channel   string     `json:"channel,omitempty"`
	Basis     string     `json:"basis,omitempty"` // soft_optin: no consent, a sale of goods of the family
	Decision  string     `json:"decision"`
	DecidedAt time.Time  `json:"decided_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// retryAfter is when a step that could not be answered may be tried again.
const retryAfter = time.Second

// step is one of the ways of a contact.
type step func(ctx context.Context, q *request, now time.Time) (Answer, error)

// answer runs a step. What broke it is logged and holds no value; who asked is told no.
func (s *Service) answer(w http.ResponseWriter, r *http.Request, name string, q *request, f step) {
	ctx, cancel := context.WithTimeout(r.Context(), s.cfg.Timeout)
	defer cancel()
	now := s.deps.Now()
	a, err := f(ctx, q, now)
	if err == nil {
		err = s.told(ctx, name, q, a, now)
	}
	if err == nil && a.Allowed && !q.Ask.Service {
		err = httpserver.Late(ctx) // it may be permitted no more
	}
	status := http.StatusOK
	if err != nil {
		s.deps.Log.Error("answering before a contact", zap.String("step", name), zap.Error(err), zap.String("request_id", httpserver.RequestID(r.Context())))
		a, status = AnswerOf(contact.Verdict{Reason: contact.ReasonUnknown}, "", nil), http.StatusServiceUnavailable
		httpserver.SetRetryAfter(w, retryAfter)
	}
	reason := a.Reason
	if a.Allowed {
		reason = "none"
	}
	s.answers.WithLabelValues(name, string(q.Purpose), q.Ask.Channel, reason).Inc()
	w.Header().Set("Cache-Control", "no-store")
	httpserver.WriteJSON(w, status, a)
}

// uncounted answers for a message that serves a contract: nobody decides about it, so nothing is read.
func uncounted(q *request) (Answer, bool) {
	return Answer{Allowed: true, State: StateUncounted}, q.Ask.Service
}

// whole lets a step permit only on a state that was whole before and after it was read: one that was lost and is being rebuilt shows what was granted
// and not yet what was refused, wished or counted since. One that lost its last seconds is whole when these were counted again.
func (s *Service) whole(f step) step {
	return func(ctx context.Context, q *request, now time.Time) (Answer, error) {
		if q.Ask.Service {
			return f(ctx, q, now)
		}
		ctx, err := s.onCounted(ctx)
		if err != nil {
			return Answer{}, err
		}
		ctx, err = s.deps.Whole(ctx)
		if err != nil {
			return Answer{}, err //nolint:wrapcheck // says all
		}
		a, err := f(ctx, q, now)
		if err == nil && a.Allowed {
			_, err = s.deps.Whole(ctx)
		}
		return a, err
	}
}

// reserve holds a place.
func (s *Service) reserve(ctx context.Context, q *request, now time.Time) (Answer, error) {
	if a, ok := uncounted(q); ok {
		return a, nil
	}
	who, person, proof, err := s.person(ctx, q, now)
	if err != nil {
		return Answer{}, err
	}
	v, c, err := s.desk.Reserve(ctx, who, q.Ask, person, now)
	if err != nil {
		return Answer{}, err //nolint:wrapcheck // says all
	}
	return Reserved(v, c, proof), nil
}

// Reserved is the answer to who wants a place.
func Reserved(v contact.Verdict, c contact.Contact, proof []contact.Proof) Answer {
	a := AnswerOf(v, StateReserved, proof)
	if v.Allowed {
		a.ExpiresAt = timeOf(time.Unix(c.Expires, 0))
	}
	return a
}

// confirm makes a contact; everything is asked again.
func (s *Service) confirm(ctx context.Context, q *request, now time.Time) (Answer, error) {
	if a, ok := uncounted(q); ok {
		return a, nil
	}
	who, person, proof, err := s.person(ctx, q, now)
	if err != nil {
		return Answer{}, err
	}
	v, c, err := s.desk.Confirm(ctx, who, q.Ask, person, now)
	if err == nil && v.Allowed {
		err = q.count(who, c, now)
	}
	return AnswerOf(v, StateMade, proof), err //nolint:wrapcheck // says all
}

// release gives a place back. It needs no permission.
func (s *Service) release(ctx context.Context, q *request, now time.Time) (Answer, error) {
	if a, ok := uncounted(q); ok {
		return a, nil
	}
	who, err := s.party(ctx, q, now)
	if err != nil {
		return Answer{}, err
	}
	v, err := s.desk.Release(ctx, who, q.Ask, now)
	return AnswerOf(v, StateReleased, nil), err //nolint:wrapcheck // says all
}

// refused writes down that the person refused further contacts on the channel. It needs no permission either.
func (s *Service) refused(ctx context.Context, q *request, now time.Time) (Answer, error) {
	who, err := s.party(ctx, q, now)
	if err != nil {
		return Answer{}, err
	}
	c, err := s.desk.Decline(ctx, who, q.Ask, now)
	if err == nil {
		err = q.count(who, c, now)
	}
	return Answer{Allowed: true, State: StateRefused}, err //nolint:wrapcheck // says all
}

// AnswerOf is the answer of a verdict: the state that an allowed contact is in then, and what it rests on.
func AnswerOf(v contact.Verdict, state string, proof []contact.Proof) Answer {
	if !v.Allowed {
		return Answer{Reason: string(v.Reason), Text: v.Reason.Words(), Source: v.Source, NextAt: timeOf(v.Next)}
	}
	a := Answer{Allowed: true, State: state}
	for _, p := range proof {
		a.Proof = append(a.Proof, proofOf(p))
	}
	return a
}

// basisSoftOptIn is the basis of what a sale permits. It is never a consent.
const basisSoftOptIn = "soft_optin"

func proofOf(p contact.Proof) Proof {
	d := p.Decision
	out := Proof{Purpose: string(p.Topic.Purpose), Channel: p.Topic.Channel, Decision: d.ID, DecidedAt: time.Unix(d.At, 0).UTC()}
	if p.Sale {
		out.Basis = basisSoftOptIn
	}
	if d.Expires != 0 {
		out.ExpiresAt = timeOf(time.Unix(d.Expires, 0))
	}
	return out
}

// timeOf is a time in UTC; nil for none.
func timeOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// party finds whose contacts are counted together: all points of the person, or a point alone that stands for nobody.
func (s *Service) party(ctx context.Context, q *request, now time.Time) (contact.Party, error) {
	who := contact.Party{Space: q.reader.Space, Controller: q.controller, Gate: q.Ask.Point, Points: []identifier.Key{q.Ask.Point}}
	view, err := s.deps.People.View(ctx, q.reader.Space, who.Points, now.Unix())
	if err != nil {
		return contact.Party{}, fmt.Errorf("reading the graph: %w", err)
	}
	if view.Standing(q.Ask.Point) == identity.Clean {
		p := view.Profile(q.Ask.Point)
		who.Gate, who.Points = p.Canonical, p.Members
	}
	return who, nil
}

// person reads whom a contact is for and what they permit.
func (s *Service) person(ctx context.Context, q *request, now time.Time) (contact.Party, contact.Person, []contact.Proof, error) {
	who, err := s.party(ctx, q, now)
	if err != nil {
		return contact.Party{}, contact.Person{}, nil, err
	}
	points, err := s.points(ctx, q, who)
	if err != nil {
		return contact.Party{}, contact.Person{}, nil, err
	}
	if consent.Quiet(points, now.Unix()) { // what the person did is read where it decides
		last, err := s.deps.Acts.LastAct(ctx, q.reader.Space, q.controller, q.Ask.Point, now.Unix())
		if err != nil {
			return contact.Party{}, contact.Person{}, nil, fmt.Errorf("reading what the person did: %w", err)
		}
		consent.Acted(points, last)
	}
	wishes, err := s.wishes(ctx, q, who, now)
	if err != nil {
		return contact.Party{}, contact.Person{}, nil, err
	}
	permission, proof := q.Permit(points, now.Unix())
	if !permission.Allowed {
		s.gate.Refuse(string(q.Purpose), telemetry.EffectDenied, 1)
	}
	return who, contact.Person{Permission: permission, Wishes: wishes}, proof, nil
}

// points reads the registers: of the point itself, the first, and of the whole person, on one of whose points an overlay may lie.
func (s *Service) points(ctx context.Context, q *request, who contact.Party) ([]consent.Point, error) {
	keys := []identifier.Key{q.Ask.Point}
	for _, k := range who.Points {
		if k != q.Ask.Point {
			keys = append(keys, k)
		}
	}
	return resolve.LoadPoints(ctx, s.deps.Registers, q.reader.Space, q.controller, keys) //nolint:wrapcheck // says all
}
