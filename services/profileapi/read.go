package profileapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// person reads the profile of the id in the path; it answers and returns nil when there is none to show.
func (s *Service) person(w http.ResponseWriter, r *http.Request, q request) *match {
	return s.personOf(w, r, q, r.PathValue("rcu_id"))
}

// personOf reads the profile of an id; it answers and returns nil when there is none to show.
func (s *Service) personOf(w http.ResponseWriter, r *http.Request, q request, name string) *match {
	p, err := s.deps.Keyring.Identifier(q.reader.Space, name)
	if err != nil {
		httpserver.WriteProblem(w, r, http.StatusBadRequest, httpserver.Problem{
			Reason: "bad_form", Field: "rcu_id", Fix: "an id has 34 lower-case hexadecimal digits; look it up by an identifier first",
		})
		return nil
	}
	people, err := s.reader.People(r.Context(), q.reader.Space, []identifier.Key{identifier.KeyOf("", p)}, s.deps.Now().Unix())
	if err != nil {
		s.fail(w, r, err)
		return nil
	}
	return s.find(w, r, q, people[0])
}

// match is what a reader may know to exist: a person, or, where the identifier asked for stands for nobody, ids of people it was
// seen with.
type match struct {
	*resolve.Person
	candidates []Candidate
}

// find narrows a person to the controllers asked for; it answers and returns nil when nothing is left.
func (s *Service) find(w http.ResponseWriter, r *http.Request, q request, p *resolve.Person) *match {
	m := &match{Person: p}
	if identifies(p) {
		if q.narrow(p) == nil {
			m = nil
		}
	} else {
		var err error
		if m.candidates, err = s.candidates(r.Context(), q, p.Asked); err != nil {
			s.fail(w, r, err)
			return nil
		}
		if q.narrow(p); len(m.candidates) == 0 {
			m = nil
		}
	}
	if m == nil {
		s.notFound(w, r, q)
	}
	return m
}

// identifies reports whether the identifier that a person was asked by stands for one person at all.
func identifies(p *resolve.Person) bool { return p.Standing == identity.Clean }

// read answers GET /v1/profiles/{rcu_id}.
func (s *Service) read(w http.ResponseWriter, r *http.Request, q request) {
	if m := s.person(w, r, q); m != nil {
		s.show(w, r, q, m)
	}
}

// show answers with what the reader may see of a person. Of candidates that is their ids and nothing of their contents.
func (s *Service) show(w http.ResponseWriter, r *http.Request, q request, m *match) {
	if !identifies(m.Person) {
		name := s.name(q.reader.Space, m.Asked)
		a := Answer{RCUID: name, Standing: m.Standing.String(), Candidates: m.candidates, Purpose: string(q.stated)}
		s.send(w, r, q, name, outcomeCandidates, a)
		return
	}
	seen := s.see(w, r, q, m.Person)
	if seen == nil {
		return
	}
	a, err := s.answer(r.Context(), q, m.Person, seen)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.send(w, r, q, a.RCUID, outcomeOK, a)
}

// see returns what may be shown of a person; it answers and returns nil when that is nothing.
func (s *Service) see(w http.ResponseWriter, r *http.Request, q request, p *resolve.Person) *seen {
	x, err := s.shown(r.Context(), q, p)
	switch {
	case err != nil:
		s.fail(w, r, err)
	case len(x.leaves) == 0 && (x.closed || x.refused):
		s.bar(w, r, q, x)
	case len(x.leaves) == 0:
		s.notFound(w, r, q)
	default:
		return x
	}
	return nil
}

// bar answers that a record may not be read: an overlay closes it, or the person does not agree to the purpose.
func (s *Service) bar(w http.ResponseWriter, r *http.Request, q request, x *seen) {
	if !x.closed {
		s.deny(w, r, q, httpserver.Problem{Reason: "purpose_not_allowed", Field: "purpose", Fix: "the customer has not agreed to this purpose, or objected: do not use the record for it"})
		return
	}
	if s.written(w, r, q, q.name, outcomeDenied) {
		httpserver.WriteProblem(w, r, http.StatusLocked, httpserver.Problem{Reason: "record_closed", Fix: "this record cannot be used at present: serve the customer without it"})
	}
}

// open reads the profile of an id for a detail of the graph; it answers and returns nil where there is none to show, or where no controller may show
// anything of it. What stands for nobody is nobody's to close.
func (s *Service) open(w http.ResponseWriter, r *http.Request, q request, name string) *match {
	m := s.personOf(w, r, q, name)
	if m == nil {
		return nil
	}
	switch x, err := s.shown(r.Context(), q, m.Person); {
	case err != nil:
		s.fail(w, r, err)
	case len(x.permits) == 0 && (x.closed || x.refused):
		s.bar(w, r, q, x)
	default:
		return m
	}
	return nil
}

// send writes the read down and answers, with an ETag so that an unchanged profile is not sent twice.
func (s *Service) send(w http.ResponseWriter, r *http.Request, q request, rcuID string, outcome auditOutcome, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.sendBody(w, r, q, rcuID, outcome, jsonType, body)
}

const jsonType = "application/json"

// sendAs sends a body that is no JSON.
func (s *Service) sendAs(w http.ResponseWriter, r *http.Request, q request, rcuID, contentType string, body []byte) {
	s.sendBody(w, r, q, rcuID, outcomeOK, contentType, body)
}

func (s *Service) sendBody(w http.ResponseWriter, r *http.Request, q request, rcuID string, outcome auditOutcome, contentType string, body []byte) {
	if err := httpserver.Late(r.Context()); err != nil { // it may not be shown any more
		s.fail(w, r, err)
		return
	}
	if !s.written(w, r, q, rcuID, outcome) {
		return
	}
	sum := sha256.Sum256(body)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	w.Header().Set("ETag", tag)
	if r.Method != http.MethodPost && has(r.Header.Get("If-None-Match"), tag) {
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	httpserver.WriteBodyAs(w, http.StatusOK, contentType, body)
}

// has reports whether a list of entity tags names one.
func has(list, tag string) bool {
	for one := range strings.SplitSeq(list, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == tag {
			return true
		}
	}
	return false
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
	if m := s.find(w, r, q, people[0]); m != nil {
		s.show(w, r, q, m)
	}
}

// lookupKey normalises and pseudonymises the identifier of a look-up; it answers and returns false when it is none.
func (s *Service) lookupKey(w http.ResponseWriter, r *http.Request, q request) (identifier.Key, bool) {
	asked := q.body.Identifier
	if asked == nil {
		httpserver.WriteProblem(w, r, http.StatusBadRequest, httpserver.Problem{
			Reason: "required", Field: "/identifier", Fix: `send {"identifier":{"namespace":"email","value":"..."},"purpose":"contract"}`,
		})
		return identifier.Key{}, false
	}
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
			Reason: "not_an_identifier", Field: "/identifier/value", Fix: fixes[cause],
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

// fixes say what is wrong with a value that is no identifier.
var fixes = map[identifier.Cause]string{
	identifier.CauseEmpty:       "send a value",
	identifier.CausePlaceholder: "send the value of a customer: this is what systems write where they have none",
	identifier.CauseZeros:       "send the value of a customer: this is nothing but zeros",
	identifier.CauseSyntax:      "check how the value is written; a national phone number needs the field country",
	identifier.CauseCheckDigit:  "check the number: its check digit is wrong",
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

// candidates lists the profiles that a value which identifies nobody was seen with, as far as a controller asked for knows them.
func (s *Service) candidates(ctx context.Context, q request, asked identifier.Key) ([]Candidate, error) {
	space, now := q.reader.Space, s.deps.Now().Unix()
	found, err := s.deps.Graph.Candidates(ctx, space, asked, now)
	if err != nil {
		return nil, err
	}
	var out []Candidate
	for some := range slices.Chunk(found, s.cfg.MaxCandidates) { // a hub has more of them than anybody wants to read
		keys := make([]identifier.Key, len(some))
		for i, c := range some {
			keys[i] = c.Canonical
		}
		people, err := s.reader.People(ctx, space, keys, now)
		if err != nil {
			return nil, err
		}
		for _, p := range people {
			if q.narrow(p) == nil {
				continue
			}
			if out = append(out, Candidate{s.name(space, p.Canonical)}); len(out) == s.cfg.MaxCandidates {
				return out, nil
			}
		}
	}
	return out, nil
}
