package contacts

import (
	"context"
	"fmt"
	"net/http"
	"slices"
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
	Allowed bool   `json:"allowed"`
	State   string `json:"state,omitempty"`  // reserved, made, released, refused; uncounted: a message that serves a contract
	Reason  string `json:"reason,omitempty"` // why not
	Source  string `json:"source,omitempty"` // where the figure comes from that refuses
	// NextAt is the earliest time at which nothing known now would refuse; absent where waiting does not help.
	NextAt *time.Time `json:"next_at,omitempty"`
	// ExpiresAt is when the place of a reserved contact is given to another.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	// Proof are the decisions of the person that the contact rests on.
	Proof []Proof `json:"proof,omitempty"`
}

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
	status := http.StatusOK
	if err != nil {
		s.deps.Log.Error("answering before a contact", zap.String("step", name), zap.Error(err), zap.String("request_id", httpserver.RequestID(r.Context())))
		a, status = Answer{Reason: string(contact.ReasonUnknown)}, http.StatusServiceUnavailable
		httpserver.SetRetryAfter(w, retryAfter)
	}
	reason := a.Reason
	if a.Allowed {
		reason = "none"
	}
	s.answers.WithLabelValues(name, string(q.purpose), q.ask.Channel, reason).Inc()
	w.Header().Set("Cache-Control", "no-store")
	httpserver.WriteJSON(w, status, a)
}

// uncounted answers for a message that serves a contract: nobody decides about it, so nothing is read.
func uncounted(q *request) (Answer, bool) {
	return Answer{Allowed: true, State: "uncounted"}, q.ask.Service
}

// whole lets a step permit only on a state that was whole before and after it was read: one that was lost and is being rebuilt shows what was granted
// and not yet what was refused, wished or counted since.
func (s *Service) whole(f step) step {
	return func(ctx context.Context, q *request, now time.Time) (Answer, error) {
		if q.ask.Service {
			return f(ctx, q, now)
		}
		if err := s.deps.Whole(ctx); err != nil {
			return Answer{}, err //nolint:wrapcheck // says all
		}
		a, err := f(ctx, q, now)
		if err == nil && a.Allowed {
			err = s.deps.Whole(ctx)
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
	v, c, err := s.desk.Reserve(ctx, who, q.ask, person, now)
	if err != nil {
		return Answer{}, err //nolint:wrapcheck // says all
	}
	a := answerOf(v, "reserved", proof)
	if v.Allowed {
		a.ExpiresAt = timeOf(time.Unix(c.Expires, 0))
	}
	return a, nil
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
	v, c, err := s.desk.Confirm(ctx, who, q.ask, person, now)
	if err == nil && v.Allowed {
		err = q.count(who, c, now)
	}
	return answerOf(v, "made", proof), err //nolint:wrapcheck // says all
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
	v, err := s.desk.Release(ctx, who, q.ask, now)
	return answerOf(v, "released", nil), err //nolint:wrapcheck // says all
}

// refused writes down that the person refused further contacts on the channel. It needs no permission either.
func (s *Service) refused(ctx context.Context, q *request, now time.Time) (Answer, error) {
	who, err := s.party(ctx, q, now)
	if err != nil {
		return Answer{}, err
	}
	c, err := s.desk.Decline(ctx, who, q.ask, now)
	if err == nil {
		err = q.count(who, c, now)
	}
	return Answer{Allowed: true, State: "refused"}, err //nolint:wrapcheck // says all
}

func answerOf(v contact.Verdict, state string, proof []Proof) Answer {
	if !v.Allowed {
		return Answer{Reason: string(v.Reason), Source: v.Source, NextAt: timeOf(v.Next)}
	}
	return Answer{Allowed: true, State: state, Proof: proof}
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
	who := contact.Party{Space: q.reader.Space, Controller: q.controller, Gate: q.ask.Point, Points: []identifier.Key{q.ask.Point}}
	view, err := s.deps.People.View(ctx, q.reader.Space, who.Points, now.Unix())
	if err != nil {
		return contact.Party{}, fmt.Errorf("reading the graph: %w", err)
	}
	if view.Standing(q.ask.Point) == identity.Clean {
		p := view.Profile(q.ask.Point)
		who.Gate, who.Points = p.Canonical, p.Members
	}
	return who, nil
}

// person reads whom a contact is for and what they permit.
func (s *Service) person(ctx context.Context, q *request, now time.Time) (contact.Party, contact.Person, []Proof, error) {
	who, err := s.party(ctx, q, now)
	if err != nil {
		return contact.Party{}, contact.Person{}, nil, err
	}
	points, err := s.points(ctx, q, who)
	if err != nil {
		return contact.Party{}, contact.Person{}, nil, err
	}
	if consent.Quiet(points, now.Unix()) { // what the person did is read where it decides
		last, err := s.deps.Acts.LastAct(ctx, q.reader.Space, q.controller, q.ask.Point, now.Unix())
		if err != nil {
			return contact.Party{}, contact.Person{}, nil, fmt.Errorf("reading what the person did: %w", err)
		}
		consent.Acted(points, last)
	}
	wishes, err := s.wishes(ctx, q, who, now)
	if err != nil {
		return contact.Party{}, contact.Person{}, nil, err
	}
	permission, proof := permit(q, points, now.Unix())
	if !permission.Allowed {
		s.gate.Refuse(string(q.purpose), telemetry.EffectDenied, 1)
	}
	return who, contact.Person{Permission: permission, Wishes: wishes}, proof, nil
}

// points reads the registers: of the point itself, the first, and of the whole person, on one of whose points an overlay may lie.
func (s *Service) points(ctx context.Context, q *request, who contact.Party) ([]consent.Point, error) {
	keys := []identifier.Key{q.ask.Point}
	for _, k := range who.Points {
		if k != q.ask.Point {
			keys = append(keys, k)
		}
	}
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = resolve.ConsentCell(q.reader.Space, q.controller, k)
	}
	cells, err := s.deps.Registers.LoadCells(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("reading consent registers: %w", err)
	}
	points := make([]consent.Point, len(keys))
	for i, c := range cells {
		register, err := consent.DecodeRegister(c.Value)
		points[i] = consent.Point{Key: keys[i], Register: register, Unreadable: err != nil}
	}
	return points, nil
}

// permit asks the register of the point for everything that the contact needs of it, then those of the person for the rest. One that cannot be read may have
// an overlay: it permits nothing.
func permit(q *request, points []consent.Point, now int64) (contact.Permission, []Proof) {
	if slices.ContainsFunc(points, func(x consent.Point) bool { return x.Unreadable }) {
		return contact.Permission{Because: "unreadable register"}, nil
	}
	p := contact.Permission{Allowed: true}
	no := func(pc consent.PurposeChannel) (contact.Permission, []Proof) {
		return contact.Permission{Because: "no permission for " + string(pc.Purpose)}, nil
	}
	var proof []Proof
	for _, need := range q.needs {
		g, ok := granted(points[0], need, q.family, now)
		if !ok {
			return no(need)
		}
		if o := consent.MaskedBy(points, need.Purpose, need.Channel, now); o != "" {
			return contact.Permission{Because: "overlay " + string(o)}, nil
		}
		if g.found {
			since := time.Unix(g.decision.At, 0)
			if p.Since.IsZero() || since.Before(p.Since) {
				p.Since = since
			}
			proof = append(proof, g.proof(need))
		}
		for _, end := range g.ends {
			if end != 0 && (p.Until.IsZero() || time.Unix(end, 0).Before(p.Until)) {
				p.Until = time.Unix(end, 0)
			}
		}
	}
	mask := consent.Permissions(points, now)
	for _, need := range q.also {
		if !mask.HasOn(need.Purpose, need.Channel) {
			return no(need)
		}
	}
	return p, proof
}
