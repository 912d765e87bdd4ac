package profileapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"

	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// read answers GET /v1/profiles/{rcu_id}.
func (s *Service) read(w http.ResponseWriter, r *http.Request, q request) {
	if p := s.person(w, r, q); p != nil {
		s.show(w, r, q, p)
	}
}

// show answers with what the reader may see of a person.
func (s *Service) show(w http.ResponseWriter, r *http.Request, q request, p *resolve.Person) {
	a, err := s.answer(r.Context(), q, p)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if a == nil {
		s.notFound(w, r, q)
		return
	}
	s.send(w, r, q, a.RCUID, a)
}

// send writes the read down and answers, with an ETag so that an unchanged profile is not sent twice.
func (s *Service) send(w http.ResponseWriter, r *http.Request, q request, rcuID string, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if !s.written(w, r, q, rcuID, outcomeOK) {
		return
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	httpserver.WriteBody(w, http.StatusOK, body)
}

// lookup answers POST /v1/profiles/lookup.
func (s *Service) lookup(w http.ResponseWriter, r *http.Request, q request) {
	key, ok := s.lookupKey(w, r, q)
	if !ok {
		return
	}
	if key.Namespace.Kind() == identifier.KindReference {
		owner, err := s.ownerOfReference(r.Context(), q, key)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		key = owner
	}
	people, err := s.reader.People(r.Context(), q.reader.Space, []identifier.Key{key}, s.deps.Now().Unix())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	switch p := people[0]; {
	case p.Standing != identity.Clean:
		s.candidates(w, r, q, p)
	case q.narrow(p) == nil:
		s.notFound(w, r, q)
	default:
		s.show(w, r, q, p)
	}
}

// lookupKey normalises and pseudonymises the identifier of a look-up; it answers and returns false when it is none.
func (s *Service) lookupKey(w http.ResponseWriter, r *http.Request, q request) (identifier.Key, bool) {
	asked := q.body.Identifier
	ns := identifier.Namespace(asked.Namespace)
	if kind := ns.Kind(); kind == identifier.KindUnknown || kind == identifier.KindShared {
		httpserver.WriteProblem(w, r, http.StatusBadRequest, httpserver.Problem{
			Reason: "unknown_namespace", Field: "/identifier/namespace", Fix: "use customer, card, email, phone, pay, device, cookie, order, ticket, case, basket or call",
		})
		return identifier.Key{}, false
	}
	country := asked.Country
	if country == "" {
		country = s.cfg.Country
	}
	value, cause := identifier.Normalise(ns, asked.Value, identifier.Options{Country: country, Read: true})
	if cause != identifier.CauseNone {
		httpserver.WriteProblem(w, r, http.StatusBadRequest, httpserver.Problem{
			Reason: "not_an_identifier", Field: "/identifier/value", Fix: "check the value: it is " + string(cause),
		})
		return identifier.Key{}, false
	}
	if ns.Kind() == identifier.KindReference {
		if asked.Scope == "" {
			httpserver.WriteProblem(w, r, http.StatusBadRequest, httpserver.Problem{
				Reason: "required", Field: "/identifier/scope", Fix: "say whose number it is: the brand of an order or case, store/source/day of a ticket",
			})
			return identifier.Key{}, false
		}
		value = asked.Scope + "/" + value
	}
	return identifier.KeyOf(ns, s.deps.Keyring.Pseudonym(q.reader.Space, ns, value)), true
}

// ownerOfReference returns the identifier a reference belongs to; the reference itself when that is nobody.
func (s *Service) ownerOfReference(ctx context.Context, q request, reference identifier.Key) (identifier.Key, error) {
	registers, err := resolve.LoadRegisters(ctx, s.deps.Cells, q.reader.Space, []identifier.Key{reference})
	if err != nil {
		return identifier.Key{}, err
	}
	leaf, register := identity.Leaf{Reference: reference}, registers[reference]
	now := s.deps.Now().Unix()
	view, err := s.deps.Graph.View(ctx, q.reader.Space, identity.OwnersKeys(leaf, register, nil), now)
	if err != nil {
		return identifier.Key{}, err
	}
	kernel, err := s.deps.Graph.Kernel(ctx, q.reader.Space)
	if err != nil {
		return identifier.Key{}, err
	}
	return kernel.Owner(leaf, identity.Span{}, register, view, now).Key, nil
}

// candidates answers a look-up by a value that identifies nobody: ids of the profiles it was seen with, that the reader's
// controllers know, and nothing of their contents.
func (s *Service) candidates(w http.ResponseWriter, r *http.Request, q request, p *resolve.Person) {
	ctx, space := r.Context(), q.reader.Space
	found, err := s.deps.Graph.Candidates(ctx, space, p.Asked, s.deps.Now().Unix())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	keys := make([]identifier.Key, 0, len(found))
	for _, c := range found {
		keys = append(keys, c.Canonical)
	}
	people, err := s.reader.People(ctx, space, keys, s.deps.Now().Unix())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	a := Answer{RCUID: s.name(space, p.Asked), Standing: p.Standing.String(), Purpose: string(q.purpose.Purpose)}
	for _, c := range people {
		if q.narrow(c) != nil && len(a.Candidates) < s.cfg.MaxCandidates {
			a.Candidates = append(a.Candidates, Candidate{s.name(space, c.Canonical)})
		}
	}
	if len(a.Candidates) == 0 {
		s.notFound(w, r, q)
		return
	}
	if s.written(w, r, q, a.RCUID, outcomeCandidates) {
		httpserver.WriteJSON(w, http.StatusOK, a)
	}
}
