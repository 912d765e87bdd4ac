package identity

import (
	"cmp"
	"slices"

	"rcu/pkg/identifier"
	"rcu/pkg/internal/pack"
)

// Shown says that an identifier stood beside a reference on an event.
type Shown struct {
	Key    identifier.Key
	Stated bool
	T      int64
	Event  string // id of the event
}

// compareShown orders sightings of one namespace: the least one is kept. The order is total, so it does not matter how they come.
func compareShown(a, b Shown) int {
	if c := cmp.Or(compareBool(a.Stated, b.Stated), cmp.Compare(a.T, b.T)); c != 0 || faults.registerByArrival {
		return c
	}
	return cmp.Or(cmp.Compare(a.Event, b.Event), cmp.Compare(a.Key.Value, b.Key.Value))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// Register is what is known of one reference: per person namespace the least (stated, t, event id, identifier) that was shown
// with it, in the order of the namespaces' names. It is a join and is never changed in place.
type Register []Shown

// Join adds sightings and reports whether that changed anything.
func (r Register) Join(shown ...Shown) (Register, bool) {
	changed := false
	for _, s := range shown {
		i, known := slices.BinarySearchFunc(r, s, func(x, y Shown) int { return cmp.Compare(x.Key.Namespace, y.Key.Namespace) })
		if known && compareShown(r[i], s) <= 0 {
			continue
		}
		r, changed = slices.Clone(r), true
		if known {
			r[i] = s
		} else {
			r = slices.Insert(r, i, s)
		}
	}
	return r, changed
}

// ShownBy returns the references of an event and what it says about each of them: the person identifiers beside them.
func ShownBy(e *Event) ([]identifier.Key, []Shown) { return defaultKernel.ShownBy(e) }

// ShownBy is the package's ShownBy by the namespaces of k.
func (k *Kernel) ShownBy(e *Event) (references []identifier.Key, shown []Shown) {
	for i, key := range e.Keys {
		switch {
		case slices.Contains(e.Keys[:i], key):
		case k.isReference(key.Namespace):
			references = append(references, key)
		case k.isPerson(key.Namespace):
			shown = append(shown, Shown{Key: key, Stated: e.Stated, T: e.T, Event: e.ID})
		}
	}
	return references, shown
}

const registerFormat = 1

// statedFlag is set on what was stated.
const statedFlag = 0x40

// Encode returns the canonical bytes of the register.
func (r Register) Encode() []byte {
	b := append(make([]byte, 0, 1+40*len(r)), registerFormat)
	for _, s := range r {
		flags := byte(0)
		if s.Stated {
			flags = statedFlag
		}
		b = pack.Text(pack.Int(pack.ShortKey(b, s.Key, flags), s.T), s.Event)
	}
	return b
}

// DecodeRegister reads what Encode wrote; no bytes are an empty register.
func DecodeRegister(b []byte) (Register, error) {
	if len(b) == 0 {
		return nil, nil
	}
	u := pack.Read(string(b))
	if u.Byte() != registerFormat {
		return nil, pack.ErrDamaged
	}
	var r Register
	for u.Left() > 0 {
		key, flags := u.ShortKey()
		s := Shown{Key: key, Stated: flags == statedFlag, T: u.Int(), Event: u.Text()}
		if flags&^statedFlag != 0 || len(r) > 0 && r[len(r)-1].Key.Namespace >= s.Key.Namespace {
			return nil, pack.ErrDamaged
		}
		r = append(r, s)
	}
	return r, u.Done()
}
