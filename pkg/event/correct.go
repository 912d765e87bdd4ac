package event

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// typeProvided is the type of an event by which somebody tells about themself.
const typeProvided = "identifier.provided"

// Correction is what people say of themselves about attributes of their own record.
type Correction struct {
	ID     string            // of the event; sent again with the same traits it is one event
	At     time.Time         // when it was said
	Point  identifier.Key    // that the log-in proves to be theirs, by its pseudonym: its value is not at hand
	Stamp  int64             // decided_at of the grant in force for the point, seconds; 0 = none, or default
	Traits map[string]string // what each attribute is to be
	// Emptied are attributes that are to be known no more: what was told of them before does not count.
	Emptied []string
}

// Correct makes the event of a correction, by the contract of traits that holds for every source; personal is what the caller seals into it.
// Exactly one of event and rejection is nil. The event names one point, so that it links nothing, and makes no claim: what somebody wants to be
// called from now on says nothing against what their points were seen with before.
func (d *Decoder) Correct(o *Origin, p Pseudonymiser, c Correction, receivedAt time.Time) (*eventpb.Event, *eventpb.Personal, *Rejection) {
	traits := c.Traits
	if traits == nil {
		traits = map[string]string{}
	}
	raw, err := json.Marshal(map[string]map[string]string{"traits": traits})
	if err != nil {
		return nil, nil, &Rejection{Field: "/traits", Reason: ReasonInvalidJSON, Fix: "send texts"}
	}
	t := trees.Get().(*tree) //nolint:errcheck // the pool holds nothing else
	defer t.free()
	if no := d.conformTraits(raw, t); no != nil {
		return nil, nil, &Rejection{Type: typeProvided, Field: no.field, Reason: no.reason, Fix: no.fix}
	}
	emptied, no := d.emptied(c)
	if no != nil {
		return nil, nil, &Rejection{Type: typeProvided, Field: no.field, Reason: no.reason, Fix: no.fix}
	}
	draft := &Draft{
		origin: o, occurred: c.At.UTC(), hash: hashOf(t.hash, emptied), keyed: true, identifiers: []identified{{key: c.Point, proved: true}},
		event: &eventpb.Event{
			Space: o.Space, Controller: o.Controller, Source: o.Source, Channel: o.Channel, Brand: o.Brand, Store: o.Store, Zone: o.zone().String(),
			Country: o.Country, Trust: o.Trust, Id: c.ID, Type: typeProvided, TypeVersion: 1, OccurredAt: c.At.UnixMicro(), ReceivedAt: receivedAt.UnixMicro(),
			Data: &eventpb.Event_IdentifierProvided{IdentifierProvided: &eventpb.IdentifierProvided{Emptied: emptied}},
		},
	}
	r := reader{tree: t, decoder: d, origin: o, received: receivedAt.UnixMicro(), draftOf: draft}
	if no := r.corrected(c); no != nil {
		return nil, nil, &Rejection{Type: typeProvided, Field: no.field, Reason: no.reason, Fix: no.fix}
	}
	e, personal, _ := draft.Stamp(p, func(identifier.Key) int64 { return c.Stamp })
	if personal.Identifiers = nil; len(personal.GetTraits()) == 0 {
		personal = nil // the point is known by its pseudonym alone, and what is left lies in the clear
	}
	return e, personal, nil
}

// conformTraits reads an object that holds traits alone, and checks them by the contract.
func (d *Decoder) conformTraits(raw []byte, t *tree) *problem {
	if len(raw) > MaxBytes {
		return &problem{"/traits", ReasonTooLarge, "send less"}
	}
	if p := scan(string(raw), d.contract.names, t); p != nil {
		return p
	}
	if p := d.contract.secret(t); p != nil {
		return p
	}
	whole := d.contract.types[commonFolder][typeProvided]
	check := checker{tree: t, names: d.contract.names}
	root := &t.nodes[0]
	if p := check.member(t.get(root, nTraits), &whole.fields[whole.members[nTraits]-1]); p != nil {
		return p.under("traits")
	}
	if len(check.dropped) > 0 {
		return &problem{"/traits/" + unnamed, ReasonNotListed, "send attributes of the register of traits alone"}
	}
	return nil
}

// emptied lists the attributes that a correction takes away, each once.
func (d *Decoder) emptied(c Correction) ([]string, *problem) {
	out := slices.Compact(slices.Sorted(slices.Values(c.Emptied)))
	for _, name := range out {
		if !d.isTrait(name) {
			return nil, &problem{"/emptied/" + unnamed, ReasonNotListed, "send attributes of the register of traits alone"}
		}
		if _, told := c.Traits[name]; told {
			return nil, &problem{"/emptied/" + name, ReasonBadForm, "send what an attribute is to be, or that it is taken away"}
		}
	}
	return out, nil
}

// hashOf is the hash of traits and of what is taken away beside them.
func hashOf(traits uint64, emptied []string) uint64 {
	for _, name := range emptied {
		traits = mix(traits*31 + xxhash.Sum64String(name))
	}
	return traits
}

// corrected reads the traits of a correction. One of which nothing is left is refused: what is to be taken away is named as such.
func (r *reader) corrected(c Correction) *problem {
	if len(c.Traits) == 0 {
		if len(c.Emptied) == 0 {
			return &problem{"/traits", ReasonRequired, "send at least one attribute"}
		}
		return nil
	}
	d := r.draftOf
	if p := r.traits(&r.tree.nodes[0]); p != nil {
		return p
	}
	d.claim.given, d.claim.family, d.claim.birth = identifier.Value{}, identifier.Value{}, identifier.Value{}
	for name := range c.Traits {
		_, sealed := d.traits[name]
		if _, clear := d.event.GetTraits()[name]; !sealed && !clear {
			return &problem{"/traits/" + name, ReasonRequired, "send what the attribute is to be, or its name in emptied"}
		}
	}
	return nil
}
