package event

import (
	"time"

	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

const maxID = 128 // bytes

// reader turns a tree that conforms to its schema into a draft.
type reader struct {
	tree     *tree
	decoder  *Decoder
	origin   *Origin
	contract string // e.g. "store/sale"
	received int64
	draftOf  *Draft
}

func (r *reader) draft() (*Draft, *problem) {
	root := &r.tree.nodes[0]
	occurred, p := r.clock(root, nOccurredAt)
	if p != nil {
		return nil, p
	}
	id := r.text(root, nID)
	if len(id) > maxID {
		return nil, &problem{"/id", ReasonTooLong, "send at most 128 bytes"}
	}
	e := &eventpb.Event{
		Space: r.origin.Space, Controller: r.origin.Controller, Source: r.origin.Source, Channel: r.origin.Channel, Brand: r.origin.Brand,
		Store: r.origin.Store, Zone: r.origin.zone().String(), Country: r.origin.Country, Trust: r.origin.Trust,
		Id: id, Type: r.text(root, nType), TypeVersion: 1, OccurredAt: occurred, SentAt: r.micros(root, nSentAt), ReceivedAt: r.received,
		Shared: r.origin.SharedDevice,
	}
	r.draftOf = &Draft{origin: r.origin, event: e, occurred: time.UnixMicro(occurred).UTC(), hash: r.tree.hash}
	if n := r.tree.get(root, nSignals); n != nil {
		r.draftOf.signals = Signals{TCF: r.text(n, nTCF), GPC: r.truth(n, nGPC)}
	}
	for _, step := range []func(*node) *problem{r.identifiers, r.traits, r.decisions, r.data} {
		if p := step(root); p != nil {
			return nil, p
		}
	}
	return r.draftOf, nil
}

// text returns a string member; empty when it is left out.
func (r *reader) text(n *node, name uint16) string {
	if m := r.tree.get(n, name); m != nil {
		return m.text
	}
	return ""
}

// clear returns a string member that will lie on Kafka in the clear. What looks like an address is left out: it is no name of a thing.
func (r *reader) clear(n *node, name uint16) string {
	text := r.text(n, name)
	for i := range len(text) {
		if text[i] == '@' {
			r.draftOf.dropped = count(r.draftOf.dropped, "/data", 1)
			return ""
		}
	}
	return identifier.NormaliseText(text)
}

func (r *reader) integer(n *node, name uint16) int64 {
	m := r.tree.get(n, name)
	if m == nil {
		return 0
	}
	i, _, _ := parseInteger(m.text)
	return i
}

func (r *reader) truth(n *node, name uint16) bool {
	m := r.tree.get(n, name)
	return m != nil && m.kind == kindTrue
}

func (r *reader) micros(n *node, name uint16) int64 {
	t, _ := parseTime(r.text(n, name))
	return t
}

// clock returns a time within the limits of what a source can know: since 2000, at most a day ahead.
func (r *reader) clock(n *node, name uint16) (int64, *problem) {
	t := r.micros(n, name)
	field := "/" + r.decoder.contract.names.texts[name]
	switch {
	case t < earliest:
		return 0, &problem{field, ReasonBefore2000, "send the time when it happened: nothing before 2000-01-01 is taken"}
	case t > r.received+ahead.Microseconds():
		return 0, &problem{field, ReasonInFuture, "send the time when it happened: it lies more than 24 hours ahead; check the clock and the zone of the source"}
	}
	return t, nil
}

func (r *reader) identifiers(root *node) *problem {
	list := r.tree.get(root, nIdentifiers)
	if list == nil {
		return nil
	}
	d := r.draftOf
	d.identifiers = make([]identified, 0, list.count)
	r.tree.each(list, func(_ int, n *node) {
		ns := namespaceOf(r.text(n, nNamespace))
		i, cause := r.identify(ns, r.text(n, nValue), r.truth(n, nProved))
		if cause != identifier.CauseNone {
			d.notIdentifiers = append(d.notIdentifiers, NotIdentifier{ns, cause})
			return
		}
		if ns.Kind() != identifier.KindReference {
			d.identifiers = append(d.identifiers, i)
			return
		}
		i.value = identifier.Plain(r.scope(ns, r.text(n, nScope)) + "/" + i.value.Reveal())
		d.references = append(d.references, i)
	})
	return nil
}

// namespaceOf returns the product's own constant, so that the event's bytes are not kept alive by it.
func namespaceOf(name string) identifier.Namespace {
	for _, ns := range namespaces {
		if string(ns) == name {
			return ns
		}
	}
	return identifier.Namespace(name)
}

var namespaces = identifier.Namespaces()

func (r *reader) identify(ns identifier.Namespace, value string, proved bool) (identified, identifier.Cause) {
	o := identifier.Options{Country: r.origin.Country, Card: r.origin.CardCheck, Read: proved}
	plain, cause := identifier.Normalise(ns, value, o)
	return identified{value: identifier.Plain(plain), key: identifier.Key{Namespace: ns}, proved: r.proved(ns, proved)}, cause
}

// proved says whether the event proves possession of an identifier (kernel.md 1): what the source says it does; and on site and app what a
// machine held, and everything of a log-in.
func (r *reader) proved(ns identifier.Namespace, said bool) bool {
	if said {
		return true
	}
	if c := r.origin.Channel; c != eventpb.Channel_CHANNEL_WEB && c != eventpb.Channel_CHANNEL_MOBILE {
		return false
	}
	return ns == identifier.Pay || ns.Kind() == identifier.KindDevice || r.draftOf.event.GetType() == typeLoggedIn
}

// scope is within what a number of a reference is unique: what the source says, else what its namespace implies.
func (r *reader) scope(ns identifier.Namespace, said string) string {
	if said != "" {
		return said
	}
	o, at := r.origin, r.draftOf.occurred
	switch ns {
	case identifier.Ticket:
		return o.Store + "/" + o.Source + "/" + at.In(o.zone()).Format(time.DateOnly)
	case identifier.Basket:
		return o.Source
	case identifier.Call:
		return o.Source + "/" + at.Format(time.DateOnly)
	default:
		return o.Brand
	}
}

func (r *reader) traits(root *node) *problem {
	d := r.draftOf
	r.tree.each(r.tree.get(root, nTraits), func(_ int, n *node) {
		value := identifier.NormaliseText(n.text)
		if n.name == nNone || value == "" {
			return
		}
		name := r.decoder.contract.names.texts[n.name]
		if !r.decoder.isTrait(name) {
			return
		}
		switch n.name {
		case nGivenName:
			d.claim.given = identifier.Plain(value)
		case nFamilyName:
			d.claim.family = identifier.Plain(value)
		case nBirthDate:
			d.claim.birth = identifier.Plain(value)
		}
		if !r.decoder.sealed[n.name] {
			put(&d.event.Traits, name, value)
			return
		}
		put(&d.traits, name, identifier.Plain(value))
	})
	return nil
}

func (d *Decoder) isTrait(name string) bool { _, ok := d.registry.Traits[name]; return ok }

func put[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = value
}
