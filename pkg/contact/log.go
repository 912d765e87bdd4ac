package contact

import (
	"cmp"
	"slices"

	"rcu/pkg/identifier"
)

// MaxContacts bounds the contacts of one log. The caps keep it far below; a full log refuses.
const MaxContacts = 256

// IDSize is the length of the id of a contact.
const IDSize = 12

// ID tells a contact from all others.
type ID [IDSize]byte

// State is how far a contact has come. Of two copies of a contact the one that came further holds.
type State uint8

// The states.
const (
	Reserved State = iota + 1 // it holds a place until it expires
	Made                      // it was handed over to whoever sends it
	Declined                  // it was made, and the person refused further ones in it
)

// Contact is one contact of the company with a person, at one contact point.
type Contact struct {
	ID      ID
	At      int64 // when it was reserved, then when it was made, then when it was refused
	Expires int64 // of a reservation; 0 otherwise
	State   State
	Channel string
	Point   identifier.Key
}

// compareContacts orders contacts by time.
func compareContacts(a, b Contact) int {
	return cmp.Or(cmp.Compare(a.At, b.At), slices.Compare(a.ID[:], b.ID[:]))
}

// further orders two copies of one contact: the greater one holds. The order is total, so that copies merge in any order.
func further(a, b Contact) int {
	return cmp.Or(
		cmp.Compare(a.State, b.State), cmp.Compare(a.At, b.At), cmp.Compare(a.Expires, b.Expires), cmp.Compare(a.Channel, b.Channel),
		identifier.Compare(a.Point, b.Point),
	)
}

// holds reports whether a contact counts at all at t: a reservation does not once it has expired.
func (c Contact) holds(t int64) bool { return c.State != Reserved || c.Expires > t }

// Log is the contacts that were counted at one point or person, in order of time. It is a join: copies of a contact merge into the one that
// came further, in any order. A Log is never changed in place; the zero Log is empty.
type Log struct{ contacts []Contact }

// Contacts lists the contacts in order of time.
func (l Log) Contacts() []Contact { return slices.Clone(l.contacts) }

// Len is the number of contacts.
func (l Log) Len() int { return len(l.contacts) }

// Find returns a contact by its id.
func (l Log) Find(id ID) (Contact, bool) {
	for _, c := range l.contacts {
		if c.ID == id {
			return c, true
		}
	}
	return Contact{}, false
}

// With joins a contact.
func (l Log) With(c Contact) Log {
	if old, found := l.Find(c.ID); found {
		if further(old, c) >= 0 {
			return l
		}
		l = l.Without(c.ID)
	}
	i, _ := slices.BinarySearchFunc(l.contacts, c, compareContacts)
	out := make([]Contact, 0, len(l.contacts)+1)
	return Log{append(append(append(out, l.contacts[:i]...), c), l.contacts[i:]...)}
}

// Without takes a contact out.
func (l Log) Without(id ID) Log {
	return Log{slices.DeleteFunc(slices.Clone(l.contacts), func(c Contact) bool { return c.ID == id })}
}

// Merge joins two logs.
func (l Log) Merge(o Log) Log {
	for _, c := range o.contacts {
		l = l.With(c)
	}
	return l
}

// Newest keeps as many contacts as a log may have: far more than any cap counts.
func (l Log) Newest() Log { return Log{l.contacts[max(0, len(l.contacts)-MaxContacts):]} }

// At keeps the contacts made at some of the points.
func (l Log) At(points []identifier.Key) Log {
	return l.keep(func(c Contact) bool { return slices.Contains(points, c.Point) })
}

// Before leaves out a contact and the reservations that come after it: what stood before it when it was reserved, and everything made since.
func (l Log) Before(c Contact) Log {
	return l.keep(func(x Contact) bool { return x.ID != c.ID && (x.State != Reserved || compareContacts(x, c) < 0) })
}

func (l Log) keep(f func(Contact) bool) Log {
	var out Log
	for _, c := range l.contacts {
		if f(c) {
			out.contacts = append(out.contacts, c)
		}
	}
	return out
}
