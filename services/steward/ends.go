package steward

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"unicode/utf8"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
)

// Limits of what a steward says.
const (
	maxReason = 1000 // characters
	maxID     = 128
)

// End is an identifier in a request: by its value, or by its name.
type End struct {
	Namespace string `json:"namespace,omitempty"`
	Value     string `json:"value,omitempty"`
	Country   string `json:"country,omitempty"` // of a national phone number
	Name      string `json:"name,omitempty"`
}

// Asked is the body of an act, and of its preview.
type Asked struct {
	ID     string  `json:"id,omitempty"` // of the act; sent again with the same id it is done once
	Op     string  `json:"op,omitempty"` // of a pair: ban, together, clear; of one identifier: quarantine, release, auto
	A      *End    `json:"a,omitempty"`
	B      *End    `json:"b,omitempty"`
	Reason string  `json:"reason,omitempty"`
	Seen   *string `json:"seen,omitempty"`   // id of the act that the steward saw to hold; empty: none
	Effect string  `json:"effect,omitempty"` // id of the effect that the steward saw
	Undoes string  `json:"undoes,omitempty"` // of a preview: the act that would be taken back
}

const exampleAct = `{"op":"ban","a":{"namespace":"phone","value":"..."},"b":{"name":"an id of 34 digits"},"reason":"...","seen":""}`

// act makes the act that a request asks for; a refusal says what is wrong with it.
func (s *Service) actOf(ctx context.Context, q request, body *Asked) (*eventpb.Act, error) {
	op := event.OpOf(body.Op)
	act := &identity.Act{Op: op}
	switch {
	case op == identity.NoOp:
		return nil, refuse("unknown_op", "/op", "say ban, together or clear of two identifiers; quarantine, release or auto of one")
	case body.A == nil:
		return nil, refuse("required", "/a", "send "+exampleAct)
	case act.OnPair() && body.B == nil:
		return nil, refuse("required", "/b", body.Op+" speaks of two identifiers: name the other one")
	case !act.OnPair() && body.B != nil:
		return nil, refuse("too_many", "/b", body.Op+" speaks of one identifier: leave b out")
	}
	a, err := s.end(ctx, q, "/a", body.A)
	if err != nil {
		return nil, err
	}
	m := &eventpb.Act{Space: q.reader.Space, Op: body.Op, A: message(a)}
	q.line.RcuId = s.name(q.reader.Space, a)
	if !act.OnPair() {
		return m, nil
	}
	b, err := s.end(ctx, q, "/b", body.B)
	if err != nil {
		return nil, err
	}
	if a.Value == b.Value {
		return nil, refuse("same_identifier", "/b", "both ends are the same identifier: an act on a pair needs two")
	}
	if identity.Lesser(b, a) {
		a, b = b, a
	}
	m.A, m.B = message(a), message(b)
	q.line.RcuId, q.line.Other = s.name(q.reader.Space, a), s.name(q.reader.Space, b)
	return m, nil
}

func message(k identifier.Key) *eventpb.Identifier {
	return &eventpb.Identifier{Namespace: string(k.Namespace), Pseudonym: []byte(k.Value)}
}

// ends returns the identifiers that an act is on; b is zero for an act on one.
func ends(m *eventpb.Act) (a, b identifier.Key) {
	a = identifier.Key{Namespace: identifier.Namespace(m.GetA().GetNamespace()), Value: string(m.GetA().GetPseudonym())}
	if m.GetB() != nil {
		b = identifier.Key{Namespace: identifier.Namespace(m.GetB().GetNamespace()), Value: string(m.GetB().GetPseudonym())}
	}
	return a, b
}

// end finds the identifier that a request names. It must be known to a controller that the key carries: what others know of it makes no
// difference.
func (s *Service) end(ctx context.Context, q request, field string, x *End) (identifier.Key, error) {
	key, err := s.key(q, field, x)
	if err != nil {
		return key, err
	}
	people, err := resolve.NewReader(s.deps.Graph, s.deps.Cells).People(ctx, q.reader.Space, []identifier.Key{key}, s.deps.Now().Unix())
	if err != nil {
		return key, fmt.Errorf("reading whose an identifier is: %w", err)
	}
	p := people[0]
	if p.Asked.Namespace != "" && !p.Asked.Namespace.Links() {
		return key, refuse("links_nobody", field, "this identifier belongs to one person and joins nobody: name the one that joined")
	}
	known := carries(q, p)
	if !known {
		if known, err = s.seenBeside(ctx, q, p.Asked); err != nil {
			return key, err
		}
	}
	if !known || p.Asked.Namespace == "" {
		return key, &refusal{http.StatusNotFound, outcomeNotFound, problem{
			Reason: "unknown_identifier", Field: field, Fix: "nothing is known under this identifier for your controllers: check how it is written",
		}}
	}
	return p.Asked, nil
}

// carries reports whether a controller of the key has something of a person.
func carries(q request, p *resolve.Person) bool {
	for controller := range p.Controllers() {
		if q.reader.Reads(controller) {
			return true
		}
	}
	return false
}

// besideStep is how many people are read together.
const besideStep = 32

// seenBeside reports whether an identifier without leaves of its own was seen beside one that a controller of the key knows.
func (s *Service) seenBeside(ctx context.Context, q request, k identifier.Key) (bool, error) {
	now := s.deps.Now().Unix()
	x, err := s.deps.Graph.Explain(ctx, q.reader.Space, k, now)
	if err != nil {
		return false, fmt.Errorf("reading the links of an identifier: %w", err)
	}
	var far []identifier.Key
	for _, e := range x.Edges {
		far = append(far, e.A, e.B)
	}
	for some := range slices.Chunk(far, besideStep) {
		people, err := resolve.NewReader(s.deps.Graph, s.deps.Cells).People(ctx, q.reader.Space, some, now)
		if err != nil {
			return false, fmt.Errorf("reading whom an identifier was seen with: %w", err)
		}
		if slices.ContainsFunc(people, func(p *resolve.Person) bool { return carries(q, p) }) {
			return true, nil
		}
	}
	return false, nil
}

// key reads an identifier of a request.
func (s *Service) key(q request, field string, x *End) (identifier.Key, error) {
	if x.Name != "" {
		if x.Value != "" || x.Namespace != "" || x.Country != "" {
			return identifier.Key{}, refuse("too_many", field, "name an identifier by its name alone, or by namespace and value")
		}
		p, err := s.deps.Keyring.Identifier(q.reader.Space, x.Name)
		if err != nil {
			return identifier.Key{}, refuse("bad_form", field+"/name", "a name has 34 lower-case hexadecimal digits; explain and review give them")
		}
		return identifier.KeyOf("", p), nil
	}
	ns := identifier.Namespace(x.Namespace)
	switch {
	case !ns.Known():
		return identifier.Key{}, refuse("unknown_namespace", field+"/namespace", "use customer, card, email, phone, pay, device or cookie")
	case !ns.Links():
		return identifier.Key{}, refuse("links_nobody", field+"/namespace", "identifiers of this namespace join nobody: use customer, card, email, phone, pay, device or cookie")
	}
	country := x.Country
	if country == "" {
		country = s.cfg.Country
	}
	value, cause := identifier.Normalise(ns, x.Value, identifier.Options{Country: country, Read: true})
	if cause != identifier.CauseNone {
		return identifier.Key{}, refuse("not_an_identifier", field+"/value", fixes[cause])
	}
	return identifier.KeyOf(ns, s.deps.Keyring.Pseudonym(q.reader.Space, ns, value)), nil
}

// fixes say what is wrong with a value that is no identifier.
var fixes = map[identifier.Cause]string{
	identifier.CauseEmpty:       "send a value",
	identifier.CausePlaceholder: "send the value of a customer: this is what systems write where they have none",
	identifier.CauseZeros:       "send the value of a customer: this is nothing but zeros",
	identifier.CauseSyntax:      "check how the value is written; a national phone number needs the field country",
	identifier.CauseCheckDigit:  "check the number: its check digit is wrong",
}

// said checks what a steward says beside the act itself.
func said(id, reason string) error {
	var problems []error
	if !utf8.ValidString(id) || len(id) > maxID {
		problems = append(problems, refuse("bad_form", "/id", "send an id of at most 128 bytes, or none"))
	}
	if n := utf8.RuneCountInString(reason); n == 0 || n > maxReason || !utf8.ValidString(reason) {
		problems = append(problems, refuse("required", "/reason", "say why, in at most 1000 characters: the next steward will want to know"))
	}
	return errors.Join(problems...)
}
