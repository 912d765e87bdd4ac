package contacts

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
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
	maxBody   = 4 << 10
	maxID     = 128
	maxAlso   = 8
	maxPlaces = 4
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
	ask        contact.Ask
	purpose    consent.Purpose          // of a closed list: one with a name behind it contacts nobody
	family     string                   // of products that are offered; empty: none in particular
	needs      []consent.PurposeChannel // of the very point
	also       []consent.PurposeChannel // of the person
	counted    []stream.Record          // contacts that the step made, to be written with its answer
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
	d := json.NewDecoder(bytes.NewReader(raw.Bytes()))
	d.DisallowUnknownFields()
	if err = d.Decode(into); err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return true
		}
	}
	httpserver.WriteProblem(w, r, http.StatusBadRequest, httpserver.Problem{
		Reason: "invalid_json", Fix: `send {"id":"...","point":{"namespace":"email","value":"..."},"channel":"email","purpose":"marketing"}; beside these controller, also, family, topic and places`,
	})
	return false
}

// topic is the form of a topic and of the parts under it.
var topic = regexp.MustCompile(`^[a-z0-9_-]{1,40}(/[a-z0-9_-]{1,40}){0,3}$`)

// understand checks a body and makes a request of it.
func (s *Service) understand(reader auth.Reader, b *body) (*request, *problem) {
	q := &request{reader: reader, purpose: consent.Purpose(b.Purpose)}
	for _, check := range []func(*request, *body) *problem{whose, s.whom, what, also, s.where} {
		if p := check(q, b); p != nil {
			return nil, p
		}
	}
	q.ask.ID = idOf(b.ID, q)
	return q, nil
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
func (s *Service) whom(q *request, b *body) *problem {
	if b.Point == nil {
		return bad("required", "/point", `send {"namespace":"email","value":"..."}`)
	}
	ns := identifier.Namespace(b.Point.Namespace)
	if kind := ns.Kind(); kind != identifier.KindPerson && kind != identifier.KindDevice {
		return bad("unknown_namespace", "/point/namespace", "use email, phone, customer, card, device or cookie")
	}
	country := b.Point.Country
	if country == "" {
		country = s.cfg.Country
	}
	value, cause := identifier.Normalise(ns, b.Point.Value, identifier.Options{Country: country, Read: true})
	if cause != identifier.CauseNone {
		return bad("not_an_identifier", "/point/value", "check how the value is written; a national phone number needs the field country")
	}
	q.ask.Point = identifier.KeyOf(ns, s.deps.Pseudonyms.Pseudonym(q.reader.Space, ns, value))
	if ns == identifier.Phone {
		q.ask.Places = contact.PlacesOfPhone(value)
	}
	return nil
}

// what checks channel, purpose and topic, and finds what the very point has to permit.
func what(q *request, b *body) *problem {
	info, known := consent.PurposeOf(q.purpose)
	switch {
	case b.Purpose == "":
		return bad("purpose_missing", "/purpose", "say why the person is contacted, for example marketing or contract")
	case !known:
		return bad("unknown_purpose", "/purpose", "use a purpose of schemas/registry.yaml")
	case info.Decidable && len(info.Channels) == 0:
		return bad("purpose_without_contact", "/purpose", "use marketing, clienteling_contact or survey, or contract, legal or security for a message that serves these")
	case !channel(b.Channel) || info.Decidable && !info.Takes(b.Channel):
		return bad("unknown_channel", "/channel", "use a channel of the purpose: email, sms, phone, post, messaging or push")
	case !consent.Reaches(b.Channel, q.ask.Point.Namespace):
		return bad("channel_unfit", "/channel", "use a channel that reaches the point")
	case b.Topic != "" && !topic.MatchString(b.Topic):
		return bad("bad_form", "/topic", "use lower-case words, parts behind a slash: baby/clothes")
	case b.Family != "" && !consent.IsFamily(b.Family):
		return bad("bad_form", "/family", "send the family of products as sales name it: lower-case letters, digits, _ and -")
	}
	q.ask.Channel, q.ask.Topic, q.ask.Service, q.family = b.Channel, b.Topic, !info.Decidable, b.Family
	if q.ask.Service {
		return nil
	}
	q.needs = []consent.PurposeChannel{{Purpose: q.purpose, Channel: b.Channel}}
	if q.purpose == consent.ClientelingContact { // a seller's own message is an advertisement on its channel too
		q.needs = append(q.needs, consent.PurposeChannel{Purpose: consent.Marketing, Channel: b.Channel})
	}
	return nil
}

// channel reports whether people are contacted on it.
func channel(name string) bool {
	info, _ := consent.PurposeOf(consent.Marketing)
	return info.Takes(name)
}

// also checks the further purposes of a contact.
func also(q *request, b *body) *problem {
	if len(b.Also) > maxAlso || q.ask.Service && len(b.Also) > 0 {
		return bad("bad_form", "/also", "send at most 8 further purposes, and none for a message that serves a contract")
	}
	for _, x := range b.Also {
		info, known := consent.PurposeOf(consent.Purpose(x.Purpose))
		if !known || info.Parameter || !info.Takes(x.Channel) {
			return bad("unknown_purpose", "/also", "use purposes of schemas/registry.yaml without a recipient, with a channel where they have one")
		}
		q.also = append(q.also, consent.PurposeChannel{Purpose: consent.Purpose(x.Purpose), Channel: x.Channel})
	}
	return nil
}

// where finds the places whose clocks and holidays are kept. The rules hold in all of them.
func (s *Service) where(q *request, b *body) *problem {
	if len(b.Places) > maxPlaces {
		return bad("bad_form", "/places", "send at most 4 places")
	}
	for _, name := range b.Places {
		p, err := contact.ParsePlace(name)
		if err != nil {
			return bad("bad_form", "/places", "use FR, a department of France such as FR-67 or FR-974, or a time zone such as Europe/Madrid")
		}
		q.ask.Places = append(q.ask.Places, p)
	}
	if len(q.ask.Places) == 0 && q.ask.Point.Namespace != identifier.Phone {
		q.ask.Places = []contact.Place{s.place}
	}
	return nil
}

// idOf makes the id under which a contact is counted: of everything that makes it this one, so that an id that is used twice is two contacts.
func idOf(id string, q *request) (out contact.ID) {
	h := sha256.New()
	parts := []string{id, q.controller, string(q.purpose), q.ask.Channel, q.ask.Topic, q.ask.Point.Value}
	if q.family != "" {
		parts = append(parts, q.family)
	}
	for _, part := range parts {
		_, _ = h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part)))) //nolint:gosec // G115: at most maxBody
		_, _ = h.Write([]byte(part))
	}
	copy(out[:], h.Sum(nil))
	return out
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
