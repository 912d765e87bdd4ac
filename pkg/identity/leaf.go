package identity

import (
	"cmp"

	"rcu/pkg/identifier"
)

// Month is the length of a leaf's month in seconds.
const Month = 30 * day

// Leaf is the identity an event belongs to by its own content. Exactly one of its forms is filled: the device form, the
// identifiers form, or the reference form; the zero Leaf is nobody's (an anonymous ticket). It is comparable.
type Leaf struct {
	Device identifier.Key // device form
	Stamp  int64          // of the device: the grant it was collected under; 0 = anonymous for good
	Month  int64          // t / Month
	Person identifier.Key // logged in
	Shared bool

	First  identifier.Key // identifiers form
	Second identifier.Key // only where First is not of a unique namespace

	Reference identifier.Key // reference form
}

// IsZero reports whether the leaf is nobody's: such an event is folded nowhere.
func (l Leaf) IsZero() bool { return l == Leaf{} }

// Keys appends the identifiers that the leaf names, references included.
func (l Leaf) Keys(keys []identifier.Key) []identifier.Key {
	for _, k := range [...]identifier.Key{l.Device, l.Person, l.First, l.Second, l.Reference} {
		if k != (identifier.Key{}) {
			keys = append(keys, k)
		}
	}
	return keys
}

var defaultKernel = DefaultKernel()

// LeafOf returns the leaf of an event of the product. Its namespace order is code, not configuration: no rule change moves an event.
func LeafOf(e *Event) Leaf { return defaultKernel.LeafOf(e) }

// LeafOf returns the leaf of an event by the namespaces of k.
func (k *Kernel) LeafOf(e *Event) Leaf {
	device := k.best(e, k.isDevice, -1)
	person := k.best(e, k.isPerson, -1)
	switch {
	case e.Behaviour && device >= 0 && !faults.browsingInCoreLeaf:
		l := Leaf{Device: e.Keys[device], Stamp: e.stamp(device), Month: e.T / Month, Shared: e.Shared}
		if person >= 0 {
			l.Person = e.Keys[person]
		}
		return l
	case person >= 0:
		l := Leaf{First: e.Keys[person]}
		if k.namespace(l.First.Namespace).Unique {
			return l
		}
		if next := k.best(e, k.Links, person); next >= 0 {
			l.Second = e.Keys[next]
		}
		return l
	case device >= 0:
		return Leaf{Device: e.Keys[device], Month: e.T / Month}
	}
	if ref := k.best(e, k.isReference, -1); ref >= 0 {
		return Leaf{Reference: e.Keys[ref]}
	}
	return Leaf{}
}

// best returns the place of the first key by namespace order, then value, among those of the wanted kind other than the one at `not`; -1 if none.
func (k *Kernel) best(e *Event, wanted func(identifier.Namespace) bool, not int) int {
	best := -1
	for i, key := range e.Keys {
		if !wanted(key.Namespace) || not >= 0 && key == e.Keys[not] {
			continue
		}
		if best < 0 || k.compare(key, e.Keys[best]) < 0 {
			best = i
		}
	}
	return best
}

// compare orders keys by namespace order, then value.
func (k *Kernel) compare(a, b identifier.Key) int {
	return cmp.Or(
		cmp.Compare(k.namespace(a.Namespace).Rank, k.namespace(b.Namespace).Rank),
		cmp.Compare(a.Value, b.Value),
	)
}
