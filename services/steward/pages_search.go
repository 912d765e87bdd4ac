package steward

import (
	"errors"
	"net/http"
	"strings"
)

// searchForm is where a steward says an identifier. Its value goes in the body of a form and stands in no URL.
type searchForm struct {
	Token      string
	Namespaces []string
	Namespace  string
	Value      string
	Other      string // name of the identifier that the one looked for is compared with; empty: none
	Field      string
	Problem    string
}

// searchable are the namespaces that people know values of.
var searchable = []string{"phone", "email", "card", "customer", "pay", "device", "cookie"}

// searchPage answers GET /steward/search.
func (s *Service) searchPage(v *visit) (*view, error) {
	return &view{name: "search", title: "search.title", body: searchForm{Token: v.token, Namespaces: searchable}, told: true}, nil
}

// search answers POST /steward/search: it leads to the page of the identifier, or to that of the pair with another one.
func (s *Service) search(v *visit) (*view, error) {
	form := v.form
	f := searchForm{Token: v.token, Namespaces: searchable, Namespace: form.Get("namespace"), Value: form.Get("value"), Other: form.Get("other")}
	key, err := s.end(v.r.Context(), v.request, "", &End{Namespace: f.Namespace, Value: strings.TrimSpace(f.Value)})
	if err == nil {
		name := s.name(v.reader.Space, key)
		v.line.RcuId = name
		if f.Other == "" {
			return s.leadsTo(v, pathIdentifiers+name)
		}
		if _, err := s.deps.Keyring.Identifier(v.reader.Space, f.Other); err != nil {
			return nil, refuse("bad_form", "", "")
		}
		v.line.Other = f.Other
		return s.leadsTo(v, pathPairs+f.Other+"/"+name)
	}
	var refused *refusal
	if !errors.As(err, &refused) {
		return nil, err
	}
	f.Field, f.Problem = "value", v.explainProblem(refused)
	if refused.problem.Field == "/namespace" {
		f.Field = "namespace"
	}
	status := max(refused.status, http.StatusBadRequest)
	return &view{name: "search", title: "search.title", status: status, outcome: refused.outcome, told: refused.outcome == "", body: f}, nil
}

// leadsTo writes a visit down that leads to another page.
func (s *Service) leadsTo(v *visit, path string) (*view, error) {
	return &view{to: path}, s.tell(v.request, outcomeOK)
}
