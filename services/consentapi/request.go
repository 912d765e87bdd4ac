package consentapi

import (
	"encoding/hex"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"rcu/pkg/auth"
	"rcu/pkg/consent/ledger"
	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	"rcu/services/internal/reveal"
)

const (
	maxBody    = 16 << 10
	maxID      = 128 // bytes of an id or reference of a caller
	retryAfter = time.Second
)

// problem is an answer that is not a success.
type problem struct {
	status int
	httpserver.Problem
}

func (p *problem) write(w http.ResponseWriter, r *http.Request) {
	if p.status == http.StatusServiceUnavailable {
		httpserver.WriteRetry(w, r, p.status, retryAfter, p.Problem)
		return
	}
	httpserver.WriteProblem(w, r, p.status, p.Problem)
}

func refuse(status int, reason, field, fix string) *problem {
	return &problem{status, httpserver.Problem{Reason: reason, Field: field, Fix: fix}}
}

// refuseFault answers what is wrong with a statement.
func refuseFault(f *ledger.Fault) *problem {
	return refuse(http.StatusUnprocessableEntity, f.Code, "/"+strings.ReplaceAll(f.Field, ".", "/"), f.Fix)
}

// tooLong answers an id or a reference of a caller that is longer than maxID.
func tooLong(field string) *problem {
	return refuse(http.StatusUnprocessableEntity, "too_long", field, "use an id or reference of at most 128 bytes")
}

// Who may take decisions in, and who may see histories. Stewards and operators decide nothing for customers.
var (
	takers  = []auth.Role{auth.RoleSeller, auth.RoleManager, auth.RoleAdviser, auth.RoleService, auth.RolePrivacy}
	viewers = []auth.Role{auth.RoleAdviser, auth.RoleService, auth.RolePrivacy}
)

// authenticated checks the key and the role before a handler runs. A handler returns a problem, or has answered.
func (s *Service) authenticated(roles []auth.Role, h func(http.ResponseWriter, *http.Request, auth.Reader) *problem) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reader, err := s.deps.Readers.Authenticate(r)
		switch {
		case err != nil:
			httpserver.WriteUnauthorized(w, r, errors.Is(err, auth.ErrNoKey))
		case !slices.Contains(roles, reader.Role):
			refuse(http.StatusForbidden, "role", "Authorization", "use the key of a role that does this").write(w, r)
		case r.URL.RawQuery != "":
			refuse(http.StatusBadRequest, "query_not_allowed", "query", "send everything in the body: a value of a customer never stands in a URL").write(w, r)
		default:
			if p := h(w, r, reader); p != nil {
				p.write(w, r)
			}
		}
	})
}

// readJSON reads a body strictly.
func readJSON(w http.ResponseWriter, r *http.Request, into any) *problem {
	body, err := httpserver.ReadBody(w, r, maxBody)
	if err != nil {
		return bodyProblem(err)
	}
	defer body.Release()
	p := httpserver.DecodeObject(body.Bytes(), into, "send one JSON object with the fields of schemas/openapi/consent-api.yaml and no others")
	if p != nil {
		return &problem{http.StatusBadRequest, *p}
	}
	return nil
}

func bodyProblem(err error) *problem {
	switch {
	case errors.Is(err, httpserver.ErrBodyTooLarge):
		return refuse(http.StatusRequestEntityTooLarge, "too_large", "", "send at most 16 KiB")
	case errors.Is(err, httpserver.ErrBodyEncoding):
		return refuse(http.StatusUnsupportedMediaType, "content_encoding", "Content-Encoding", "send the body plain or as gzip")
	}
	return refuse(http.StatusBadRequest, "unreadable_body", "", "send the whole body")
}

// pointBody is a contact point or device in a body. It never stands in a URL.
type pointBody struct {
	Namespace string `json:"namespace"`
	Value     string `json:"value"`
	Country   string `json:"country"` // of a national phone number
}

// scope is whose register is meant: a point of a space, with one controller.
type scope struct {
	space, controller string
	key               identifier.Key
	pseudonym         identifier.Pseudonym
	hint              string // by which its holder knows the point; empty where the value is not at hand
}

// point is the point as the ledger compares it.
func (x scope) point() ledger.Point {
	return ledger.Point{Namespace: x.key.Namespace, Value: hex.EncodeToString([]byte(x.key.Value))}
}

// scopeOf reads whose register a request means.
func (s *Service) scopeOf(reader auth.Reader, controller string, p *pointBody) (scope, *problem) {
	x := scope{space: reader.Space, controller: controller}
	switch {
	case controller == "" && len(reader.Controllers) == 1:
		x.controller = reader.Controllers[0]
	case controller == "":
		return x, refuse(http.StatusUnprocessableEntity, "required", "/controller", "say for which controller: the key carries several")
	case !reader.Reads(controller):
		return x, refuse(http.StatusForbidden, "other_controller", "/controller", "a decision counts for the controller that it was said to alone: use a key that carries it")
	}
	if p == nil || p.Value == "" {
		return x, refuse(http.StatusUnprocessableEntity, "required", "/point", "say which contact point or device is meant")
	}
	n := identifier.Namespace(p.Namespace)
	if !n.Links() {
		return x, refuse(http.StatusUnprocessableEntity, "point", "/point/namespace", "use customer, card, email, phone, pay, device or cookie")
	}
	country := p.Country
	if country == "" {
		country = s.cfg.Country
	}
	value, cause := identifier.Normalise(n, p.Value, identifier.Options{Country: country})
	if cause != identifier.CauseNone {
		return x, refuse(http.StatusUnprocessableEntity, "not_an_identifier", "/point/value", "send a value that identifies a contact point or device")
	}
	x.pseudonym = s.deps.Keyring.Pseudonym(reader.Space, n, value)
	x.key, x.hint = identifier.KeyOf(n, x.pseudonym), reveal.Hint(n, value)
	return x, nil
}

// scopeBody is a body that names a point and nothing else.
type scopeBody struct {
	Controller string     `json:"controller"`
	Point      *pointBody `json:"point"`
}

// scopeIn reads whose register a request means whose body says nothing else.
func (s *Service) scopeIn(w http.ResponseWriter, r *http.Request, reader auth.Reader) (scope, *problem) {
	var body scopeBody
	if p := readJSON(w, r, &body); p != nil {
		return scope{}, p
	}
	return s.scopeOf(reader, body.Controller, body.Point)
}

var unavailable = refuse(http.StatusServiceUnavailable, "unavailable", "", "try again: what was decided cannot be read or written now, and until then everything optional is denied")
