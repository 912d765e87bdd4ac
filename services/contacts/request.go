package contacts

import (
	"errors"
	"net/http"
	"slices"

	"rcu/pkg/auth"
	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	"rcu/pkg/stream"
)

// Limits of a request.
const (
	maxBody = 4 << 10
	maxID   = contact.MaxID
)

// body is what every step is asked with; the same in each, so that no step rests on what another remembers.
type body struct {
	ID         string      `json:"id"`
	Controller string      `json:"controller"`
	Point      *point      `json:"point"`
	Channel    string      `json:"channel"`
	Purpose    string      `json:"purpose"`
	Also       []alsoAsked `json:"also"`
	Topic      string      `json:"topic"`
	Family     string      `json:"family"` // of products that are offered
	Places     []string    `json:"places"`
}

type point struct {
	Namespace string `json:"namespace"`
	Value     string `json:"value"`
	Country   string `json:"country"`
}

// alsoAsked is a purpose that the contact needs beside its own: that of the place it is set off by, for example.
type alsoAsked struct {
	Purpose string `json:"purpose"`
	Channel string `json:"channel"`
}

// request is one step that was understood.
type request struct {
	reader     auth.Reader
	controller string
	contact.Plan
	counted []stream.Record // contacts that the step made, to be written with its answer
}

// senders are the roles that contact people.
var senders = []auth.Role{auth.RoleSeller, auth.RoleManager, auth.RoleAdviser, auth.RoleService}

// problem is why a request is not answered.
type problem struct {
	status int
	httpserver.Problem
}

func bad(reason, field, fix string) *problem {
	return &problem{http.StatusBadRequest, httpserver.Problem{Reason: reason, Field: field, Fix: fix}}
}

// readBody reads the one object of a request strictly; it answers and returns false where there is none.
func readBody(w http.ResponseWriter, r *http.Request, into *body) bool {
	if r.URL.RawQuery != "" {
		httpserver.WriteProblem(w, r, http.StatusBadRequest, httpserver.Problem{
			Reason: "query_not_allowed", Field: "query", Fix: "send everything in the body: a value of a customer never stands in a URL",
		})
		return false
	}
	raw, err := httpserver.ReadBody(w, r, maxBody)
	if err != nil {
		httpserver.WriteBodyProblem(w, r, err, maxBody)
		return false
	}
	defer raw.Release()
	p := httpserver.DecodeObject(raw.Bytes(), into, `send {"id":"...","point":{"namespace":"email","value":"..."},"channel":"email","purpose":"marketing"}; beside these `+
		`controller, also, family, topic and places`)
	if p != nil {
		httpserver.WriteProblem(w, r, http.StatusBadRequest, *p)
	}
	return p == nil
}

// understand checks a body and makes a request of it.
func (s *Service) understand(reader auth.Reader, b *body) (*request, *problem) {
	q := &request{reader: reader}
	if p := whose(q, b); p != nil {
		return nil, p
	}
	point, value, p := s.whom(q, b)
	if p != nil {
		return nil, p
	}
	plan, fault := b.wanted(q.controller).Plan(point, value, s.place)
	if fault != nil {
		return nil, bad(fault.Code, fault.Field, fault.Fix)
	}
	q.Plan = plan
	return q, nil
}

// wanted is the contact that a body describes.
func (b *body) wanted(controller string) contact.Wanted {
	w := contact.Wanted{
		ID: b.ID, Controller: controller, Purpose: consent.Purpose(b.Purpose), Channel: b.Channel, Topic: b.Topic, Family: b.Family, Places: b.Places,
	}
	for _, x := range b.Also {
		w.Also = append(w.Also, consent.PurposeChannel{Purpose: consent.Purpose(x.Purpose), Channel: x.Channel})
	}
	return w
}

// whose finds the controller that contacts.
func whose(q *request, b *body) *problem {
	switch {
	case b.ID == "" || len(b.ID) > maxID:
		return bad("required", "/id", "send an id of your own for this one contact, of at most 128 bytes; every step and every retry has the same")
	case b.Controller == "" && len(q.reader.Controllers) == 1:
		q.controller = q.reader.Controllers[0]
	case b.Controller == "":
		return bad("required", "/controller", "say which of the controllers of your key contacts")
	case !q.reader.Reads(b.Controller):
		return &problem{http.StatusForbidden, httpserver.Problem{Reason: "other_controller", Field: "/controller", Fix: "ask for a controller that the key carries"}}
	default:
		q.controller = b.Controller
	}
	return nil
}

// whom normalises and pseudonymises the contact point.
func (s *Service) whom(q *request, b *body) (identifier.Key, string, *problem) {
	if b.Point == nil {
		return identifier.Key{}, "", bad("required", "/point", `send {"namespace":"email","value":"..."}`)
	}
	ns := identifier.Namespace(b.Point.Namespace)
	if kind := ns.Kind(); kind != identifier.KindPerson && kind != identifier.KindDevice {
		return identifier.Key{}, "", bad("unknown_namespace", "/point/namespace", "use email, phone, customer, card, device or cookie")
	}
	country := b.Point.Country
	if country == "" {
		country = s.cfg.Country
	}
	value, cause := identifier.Normalise(ns, b.Point.Value, identifier.Options{Country: country, Read: true})
	if cause != identifier.CauseNone {
		return identifier.Key{}, "", bad("not_an_identifier", "/point/value", "check how the value is written; a national phone number needs the field country")
	}
	return identifier.KeyOf(ns, s.deps.Pseudonyms.Pseudonym(q.reader.Space, ns, value)), value, nil
}

// authenticated checks the key, the role and the body before a step runs.
func (s *Service) authenticated(name string, f step) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reader, err := s.deps.Readers.Authenticate(r)
		if err != nil {
			httpserver.WriteUnauthorized(w, r, errors.Is(err, auth.ErrNoKey))
			return
		}
		if !slices.Contains(senders, reader.Role) {
			httpserver.WriteProblem(w, r, http.StatusForbidden, httpserver.Problem{Reason: "role", Field: "Authorization", Fix: "use the key of a seller, manager, adviser or service"})
			return
		}
		var b body
		if !readBody(w, r, &b) {
			return
		}
		q, p := s.understand(reader, &b)
		if p != nil {
			httpserver.WriteProblem(w, r, p.status, p.Problem)
			return
		}
		s.answer(w, r, name, q, f)
	})
}
