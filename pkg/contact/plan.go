package contact

import (
	"crypto/sha256"
	"encoding/binary"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// Limits of what is wanted.
const (
	MaxID     = 128
	MaxAlso   = 8
	MaxPlaces = 4
)

// Wanted is a contact in the words of the one who wants to make it.
type Wanted struct {
	ID         string // the sender's own, for this one contact
	Controller string
	Purpose    consent.Purpose
	Channel    string
	Also       []consent.PurposeChannel // what it needs of the person beside its own purpose
	Topic      string
	Family     string   // of products that are offered; empty: none in particular
	Places     []string // where the person may be
}

// Plan is a contact that is understood: what is asked, and the permissions that it needs.
type Plan struct {
	Ask     Ask
	Purpose consent.Purpose // of a closed list: one with a name behind it contacts nobody
	Family  string
	Needs   []consent.PurposeChannel // of the very point
	Also    []consent.PurposeChannel // of the person
}

// Fault says why what is wanted cannot be asked, and what to do. It holds no value.
type Fault struct{ Code, Field, Fix string }

// Plan understands what is wanted at a point, whose value tells where a phone number may ring. People whose place nobody names are elsewhere, as far as
// no number tells.
func (w Wanted) Plan(point identifier.Key, value string, elsewhere Place) (Plan, *Fault) {
	p := Plan{Ask: Ask{Point: point, Channel: w.Channel, Topic: w.Topic}, Purpose: w.Purpose, Family: w.Family, Also: w.Also}
	for _, understand := range []func(*Plan) *Fault{w.what, w.also} {
		if f := understand(&p); f != nil {
			return Plan{}, f
		}
	}
	if f := w.where(&p, value, elsewhere); f != nil {
		return Plan{}, f
	}
	p.Ask.ID = w.id(point)
	return p, nil
}

// what checks channel, purpose and topic, and finds what the very point has to permit.
func (w Wanted) what(p *Plan) *Fault {
	info, f := w.purpose()
	if f != nil {
		return f
	}
	switch {
	case !known(w.Channel) || info.Decidable && !info.Takes(w.Channel):
		return &Fault{"unknown_channel", "/channel", "use a channel of the purpose: email, sms, phone, post, messaging or push"}
	case !consent.Reaches(w.Channel, p.Ask.Point.Namespace):
		return &Fault{"channel_unfit", "/channel", "use a channel that reaches the point"}
	case w.Topic != "" && !wishAbout.MatchString(w.Topic):
		return &Fault{"bad_form", "/topic", "use lower-case words, parts behind a slash: baby/clothes"}
	case w.Family != "" && !consent.IsFamily(w.Family):
		return &Fault{"bad_form", "/family", "send the family of products as sales name it: lower-case letters, digits, _ and -"}
	}
	if p.Ask.Service = !info.Decidable; p.Ask.Service {
		return nil
	}
	p.Needs = []consent.PurposeChannel{{Purpose: w.Purpose, Channel: w.Channel}}
	if w.Purpose == consent.ClientelingContact { // a seller's own message is an advertisement on its channel too
		p.Needs = append(p.Needs, consent.PurposeChannel{Purpose: consent.Marketing, Channel: w.Channel})
	}
	return nil
}

// purpose checks the purpose.
func (w Wanted) purpose() (consent.Info, *Fault) {
	info, found := consent.PurposeOf(w.Purpose)
	switch {
	case w.Purpose == "":
		return info, &Fault{"purpose_missing", "/purpose", "say why the person is contacted, for example marketing or contract"}
	case !found:
		return info, &Fault{"unknown_purpose", "/purpose", "use a purpose of schemas/registry.yaml"}
	case info.Decidable && len(info.Channels) == 0 || w.Purpose == consent.AudienceExempt:
		return info, &Fault{"purpose_without_contact", "/purpose", "use marketing, clienteling_contact or survey, or contract, legal or security for a message that serves these"}
	}
	return info, nil
}

// also checks the further purposes of a contact.
func (w Wanted) also(p *Plan) *Fault {
	if len(w.Also) > MaxAlso || p.Ask.Service && len(w.Also) > 0 {
		return &Fault{"bad_form", "/also", "send at most 8 further purposes, and none for a message that serves a contract"}
	}
	for _, x := range w.Also {
		info, known := consent.PurposeOf(x.Purpose)
		if !known || info.Parameter || !info.Takes(x.Channel) {
			return &Fault{"unknown_purpose", "/also", "use purposes of schemas/registry.yaml without a recipient, with a channel where they have one"}
		}
	}
	return nil
}

// where finds the places whose clocks and holidays are kept. The rules hold in all of them.
func (w Wanted) where(p *Plan, value string, elsewhere Place) *Fault {
	if len(w.Places) > MaxPlaces {
		return &Fault{"bad_form", "/places", "send at most 4 places"}
	}
	phone := p.Ask.Point.Namespace == identifier.Phone
	if phone {
		p.Ask.Places = PlacesOfPhone(value)
	}
	for _, name := range w.Places {
		place, err := ParsePlace(name)
		if err != nil {
			return &Fault{"bad_form", "/places", "use FR, a department of France such as FR-67 or FR-974, or a time zone such as Europe/Madrid"}
		}
		p.Ask.Places = append(p.Ask.Places, place)
	}
	if len(p.Ask.Places) == 0 && !phone {
		p.Ask.Places = []Place{elsewhere}
	}
	return nil
}

// id makes the id under which a contact is counted: of everything that makes it this one, so that an id that is used twice is two contacts.
func (w Wanted) id(point identifier.Key) (out ID) {
	h := sha256.New()
	parts := []string{w.ID, w.Controller, string(w.Purpose), w.Channel, w.Topic, point.Value}
	if w.Family != "" {
		parts = append(parts, w.Family)
	}
	for _, part := range parts {
		_, _ = h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part)))) //nolint:gosec // G115: callers bound their texts
		_, _ = h.Write([]byte(part))
	}
	copy(out[:], h.Sum(nil))
	return out
}
