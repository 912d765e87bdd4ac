package event

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	eventpb "rcu/schemas/event"
)

// maxIdentifiers is how many identifiers of an event are kept, of those that link or are shown, and of references.
const maxIdentifiers = 8

// NotIdentifier is a value that was dropped because it identifies nobody.
type NotIdentifier struct {
	Namespace identifier.Namespace
	Cause     identifier.Cause
}

// identified is an identifier of a draft. Its key is known once the draft was pseudonymised.
type identified struct {
	value  identifier.Value
	key    identifier.Key // Namespace from the start
	proved bool
}

// pair is two identifiers of one person: a card and its replacement, a former customer number and what it became.
type pair struct{ former, into identified }

// told is a consent decision of a draft.
type told struct {
	point    identified
	decision *eventpb.Decision
}

// Draft is an event that was parsed and normalised, before its values became pseudonyms. It is used by one goroutine.
type Draft struct {
	origin   *Origin
	event    *eventpb.Event // without what Stamp adds
	occurred time.Time

	identifiers []identified // person, device, shared
	references  []identified
	pairs       []pair
	told        []told
	ungiven     []Ungiven
	traits      map[string]identifier.Value // personal ones
	texts       map[string]identifier.Value
	claim       struct{ given, family, birth identifier.Value }

	blocked identity.Patterns
	signals Signals

	hash           uint64
	dropped        []Dropped
	notIdentifiers []NotIdentifier
	surplus        int
	keyed          bool
}

// Format implements fmt.Formatter, so that no verb prints what a draft holds.
func (d *Draft) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(identifier.Redacted)) }

// ID is the source's own id of the event. It is the source's text: it may stand in the answer to that source, and in no log.
func (d *Draft) ID() string { return d.event.GetId() }

// Type is the type of the event.
func (d *Draft) Type() string { return d.event.GetType() }

// OccurredAt is when the event happened.
func (d *Draft) OccurredAt() time.Time { return d.occurred }

// ReceivedAt is when the event arrived: the time of its record.
func (d *Draft) ReceivedAt() time.Time { return time.UnixMicro(d.event.GetReceivedAt()).UTC() }

// Origin is the source of the event.
func (d *Draft) Origin() *Origin { return d.origin }

// Dropped counts the fields that the contract does not know.
func (d *Draft) Dropped() []Dropped { return d.dropped }

// NotIdentifiers lists the values that were dropped because they identify nobody.
func (d *Draft) NotIdentifiers() []NotIdentifier { return d.notIdentifiers }

// Surplus is how many identifiers beyond the best were left out. It is known once the draft was pseudonymised.
func (d *Draft) Surplus() int { return d.surplus }

// Behaviour reports the class of the event as it stands: gate G1 drops a behaviour event without a grant.
func (d *Draft) Behaviour() bool { return ClassOf(d.event.GetType(), d.person()) == Behaviour }

func (d *Draft) person() bool {
	return slices.ContainsFunc(d.identifiers, func(i identified) bool { return i.key.Namespace.Kind() == identifier.KindPerson })
}

// Pseudonymise computes the key of every identifier, once; then the best identifiers are known, in their order.
func (d *Draft) Pseudonymise(p Pseudonymiser) {
	if d.keyed {
		return
	}
	d.keyed = true
	key := func(i *identified) {
		i.key = identifier.KeyOf(i.key.Namespace, p.Pseudonym(d.origin.Space, i.key.Namespace, i.value.Reveal()))
	}
	for _, list := range [][]identified{d.identifiers, d.references} {
		for i := range list {
			key(&list[i])
		}
	}
	for i := range d.pairs {
		key(&d.pairs[i].former)
		key(&d.pairs[i].into)
	}
	for i := range d.told {
		t := &d.told[i]
		key(&t.point)
		t.decision.Point = message(t.point, 0)
	}
	d.identifiers = d.best(d.identifiers)
	d.references = d.best(d.references)
}

// best orders identifiers, joins equal ones (proved once is proved), and keeps the first eight.
func (d *Draft) best(list []identified) []identified {
	slices.SortFunc(list, func(a, b identified) int { return identifier.Compare(a.key, b.key) })
	kept := list[:0]
	for _, i := range list {
		if n := len(kept); n > 0 && kept[n-1].key == i.key {
			kept[n-1].proved = kept[n-1].proved || i.proved
			continue
		}
		kept = append(kept, i)
	}
	if over := len(kept) - maxIdentifiers; over > 0 {
		d.surplus += over
		kept = kept[:maxIdentifiers]
	}
	return kept
}

// Keys lists the identifiers that link or are shown, by namespace order, then value.
func (d *Draft) Keys() []identifier.Key { return keysOf(d.identifiers) }

// References lists the orders, tickets, cases, baskets and calls of the event.
func (d *Draft) References() []identifier.Key { return keysOf(d.references) }

func keysOf(list []identified) []identifier.Key {
	out := make([]identifier.Key, len(list))
	for i := range list {
		out[i] = list[i].key
	}
	return out
}

// Device is the device that a leaf of the event would name: the first by order, then value.
func (d *Draft) Device() (identifier.Key, bool) {
	for _, i := range d.identifiers {
		if i.key.Namespace.Kind() == identifier.KindDevice {
			return i.key, true
		}
	}
	return identifier.Key{}, false
}

// StripDevices removes the device identifiers that may not be kept, and returns how many.
func (d *Draft) StripDevices(keep func(identifier.Key) bool) int {
	before := len(d.identifiers)
	d.identifiers = slices.DeleteFunc(d.identifiers, func(i identified) bool {
		return i.key.Namespace.Kind() == identifier.KindDevice && !keep(i.key)
	})
	return before - len(d.identifiers)
}

// Decisions lists the consent decisions of the event. They are complete once the draft was pseudonymised.
func (d *Draft) Decisions() []*eventpb.Decision {
	if len(d.told) == 0 {
		return nil
	}
	out := make([]*eventpb.Decision, len(d.told))
	for i := range d.told {
		out[i] = d.told[i].decision
	}
	return out
}

// Ungiven lists the grants of the event that count as not given.
func (d *Draft) Ungiven() []Ungiven { return d.ungiven }

// Signals is what the browser or app of an event said about consent by standard signals.
type Signals struct {
	TCF string // consent string, untouched; empty: none
	GPC bool   // global privacy control: do not sell or share
}

// Signals returns the signals that the event carries.
func (d *Draft) Signals() Signals { return d.signals }

// Page returns what audience measurement counts of a page, screen or article that was seen; ok is false for every other event.
func (d *Draft) Page() (page, kind string, ok bool) {
	switch data := d.event.GetData().(type) {
	case *eventpb.Event_PageViewed:
		return data.PageViewed.GetPath(), data.PageViewed.GetKind(), true
	case *eventpb.Event_ProductViewed:
		return data.ProductViewed.GetSku(), data.ProductViewed.GetCategory(), true
	case *eventpb.Event_ScreenViewed:
		return data.ScreenViewed.GetName(), "", true
	case *eventpb.Event_AppOpened:
		return "", "", true
	}
	return "", "", false
}

// Block takes the patterns of blocked values that are in force: Stamp notes which of them each identifier matches.
func (d *Draft) Block(ps identity.Patterns) { d.blocked = ps }

func message(i identified, stamp int64) *eventpb.Identifier {
	return &eventpb.Identifier{Namespace: string(i.key.Namespace), Pseudonym: []byte(i.key.Value), Proved: i.proved, Stamp: stamp}
}

func decisionID(event string, i int) string { return event + "#" + strconv.Itoa(i) }
