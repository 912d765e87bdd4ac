package steward

import (
	"errors"
	"fmt"
	"net/http"

	"rcu/pkg/identifier"
	"rcu/services/internal/explain"
)

// pairBody is the page of two identifiers, with the people who hold them side by side.
type pairBody struct {
	A, B  shownIdentifier
	Sides []*sheet // one where both are one person
	Same  bool
	Words string
	Path  []linkRow
	Form  actForm
}

// pairPage answers GET /steward/pairs/{a}/{b}.
func (s *Service) pairPage(v *visit) (*view, error) {
	a, b, err := s.namedPair(v)
	if err != nil {
		return nil, err
	}
	body, err := s.pairBodyOf(v, a, b, v.r.URL.Query().Get("op"))
	if err != nil {
		return nil, err
	}
	return &view{name: "pair", title: "pair.title", body: body}, nil
}

func (s *Service) namedPair(v *visit) (a, b identifier.Key, err error) {
	if a, err = s.named(v, "a"); err != nil {
		return a, b, err
	}
	if b, err = s.named(v, "b"); err == nil && a.Value == b.Value {
		err = refuse("same_identifier", "/b", "")
	}
	return a, b, err
}

func (s *Service) pairBodyOf(v *visit, a, b identifier.Key, op string) (*pairBody, error) {
	x, err := s.deps.Graph.Between(v.r.Context(), v.reader.Space, a, b, s.deps.Now().Unix())
	if err != nil {
		return nil, fmt.Errorf("asking what lies between two identifiers: %w", err)
	}
	told := s.teller(v).WhyNot(a, b, &x)
	names := []string{told.A.Name, told.B.Name}
	for i := range told.Path {
		names = append(names, told.Path[i].A.Name, told.Path[i].B.Name)
	}
	c, err := s.crowdOf(v.r.Context(), v.request, names)
	if err != nil {
		return nil, err
	}
	shown := func(e explain.LinkEnd) shownIdentifier { return c.shown(Identifier{e.Namespace, e.Name}) }
	body := &pairBody{A: shown(told.A), B: shown(told.B), Same: told.Same, Words: v.say("pair.two")}
	switch {
	case told.Same:
		body.Words = v.say("pair.same")
	case told.Cut:
		body.Words = v.say("pair.cut")
	case len(told.Path) == 0:
		body.Words = v.say("pair.nothing")
	}
	body.Sides = []*sheet{c.person(body.A.Identifier)}
	if !told.Same {
		body.Sides = append(body.Sides, c.person(body.B.Identifier))
	}
	for i := range told.Path {
		body.Path = append(body.Path, linkRowOf(v, c, &told.Path[i], i+1))
	}
	if body.Form, err = s.formOf(v, a, b, op); err != nil {
		return nil, err
	}
	return body, nil
}

// previewPair answers POST /steward/pairs/{a}/{b}: what an act on the pair would do.
func (s *Service) previewPair(v *visit) (*view, error) {
	a, b, err := s.namedPair(v)
	if err != nil {
		return nil, err
	}
	body := asked(v, v.r.PathValue("a"), v.r.PathValue("b"))
	answer, err := s.previewPage(v, body)
	if err == nil {
		return answer, nil
	}
	again, broken := s.pairBodyOf(v, a, b, body.Op)
	if broken != nil {
		return nil, broken
	}
	again.Form.Reason = body.Reason
	return formAgain(v, err, &again.Form, &view{name: "pair", title: "pair.title", body: again})
}

// previewIdentifier answers POST /steward/identifiers/{name}: what an act on the identifier would do.
func (s *Service) previewIdentifier(v *visit) (*view, error) {
	key, err := s.named(v, "name")
	if err != nil {
		return nil, err
	}
	body := asked(v, v.r.PathValue("name"), "")
	answer, err := s.previewPage(v, body)
	if err == nil {
		return answer, nil
	}
	again, broken := s.recordOf(v, key, body.Op)
	if broken != nil {
		return nil, broken
	}
	again.Form.Reason = body.Reason
	return formAgain(v, err, &again.Form, &view{name: "record", title: "record.title", body: again})
}

// formAgain shows a form again with what is wrong in it; what is about no field of it is given back.
func formAgain(v *visit, err error, f *actForm, answer *view) (*view, error) {
	if !f.wrong(v, err) {
		return nil, err
	}
	var refused *refusal
	errors.As(err, &refused)
	answer.status, answer.outcome, answer.told = max(refused.status, http.StatusBadRequest), refused.outcome, refused.outcome == ""
	return answer, nil
}
