package identity

import (
	"slices"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// Fact is one thing that is known for good: an *Event, a *Decision, an *Act or a *Match. The input of the kernel is a set of facts.
// Times are whole seconds since 1970.
type Fact interface {
	fact()
	// FactID is the id of the fact, unique among facts of its kind.
	FactID() string
}

// Event is what the kernel sees of an event. All of it was stamped at ingest and is never computed again.
type Event struct {
	ID        string // source ‖ "/" ‖ its own id
	T         int64
	Keys      []identifier.Key // of every kind, references included
	Stamps    []int64          // parallel to Keys, or nil: the decided_at of the grant each was collected under; 0 = none
	Behaviour bool             // class; false = core
	Stated    bool             // nothing proves possession of some linking identifier
	Shared    bool             // the source is a declared kiosk or tablet: its devices link nothing
	Claim     Claim            // whom the event speaks of
	Matches   [][]PatternID    // parallel to Keys, or nil: the patterns of blocked values that each matched when it was collected
}

// Purpose is one of the two purposes under which people are joined.
type Purpose uint8

// The unify purposes.
const (
	UnifyCore      Purpose = iota // unknown = yes
	UnifyBehaviour                // unknown = no
	purposes
)

// Decision is a consent decision on an identifier about one of the unify purposes.
type Decision struct {
	Point   identifier.Key
	Purpose Purpose
	consent.Decision
}

// Op is what a steward did.
type Op uint8

// Acts on a pair, and on one value. Their order breaks the tie of two acts of one time and id.
const (
	NoOp       Op = iota
	Ban           // pair: never one person
	Together      // pair: one person
	Clear         // pair: neither
	Quarantine    // value: links nobody
	Release       // value: clean, whatever the evidence
	Auto          // value: by the evidence
)

// Act is an act of a steward, or evidence that is as good (a replaced card).
type Act struct {
	ID string
	T  int64
	Op Op
	A  identifier.Key
	B  identifier.Key // of a pair
}

// OnPair reports whether the act speaks of two identifiers.
func (a *Act) OnPair() bool { return a.Op == Ban || a.Op == Together || a.Op == Clear }

func (*Event) fact()    {}
func (*Decision) fact() {}
func (*Act) fact()      {}

// FactID implements Fact.
func (e *Event) FactID() string { return e.ID }

// FactID implements Fact.
func (d *Decision) FactID() string { return d.ID }

// FactID implements Fact.
func (a *Act) FactID() string { return a.ID }

// stamp returns the stamp of the i-th key.
func (e *Event) stamp(i int) int64 {
	if i < len(e.Stamps) {
		return e.Stamps[i]
	}
	return 0
}

// matches returns what the i-th key matched.
func (e *Event) matches(i int) []PatternID {
	if i < len(e.Matches) {
		return e.Matches[i]
	}
	return nil
}

// linking appends the places of the distinct identifiers of e that link there: devices of a shared source do not.
func (k *Kernel) linking(e *Event, places []int) []int {
	for i, key := range e.Keys {
		barred := e.Shared && k.namespace(key.Namespace).Device
		if k.Links(key.Namespace) && !barred && !slices.Contains(e.Keys[:i], key) {
			places = append(places, i)
		}
	}
	return places
}

// Named appends the identifiers whose records a fact may change: the linking ones of an event that makes evidence,
// the point of a decision, the ends of an act or of a match.
func (k *Kernel) Named(f Fact, keys []identifier.Key) []identifier.Key {
	switch f := f.(type) {
	case *Event:
		var buf [16]int
		places := k.linking(f, buf[:0])
		whole := len(places) >= 2 || f.Claim.Known()
		for _, i := range places {
			if whole || len(f.matches(i)) > 0 {
				keys = append(keys, f.Keys[i])
			}
		}
	case *Decision:
		if k.Links(f.Point.Namespace) {
			keys = append(keys, f.Point)
		}
	case *Act:
		if f.OnPair() {
			return k.namedPair(f.A, f.B, keys)
		}
		if k.Links(f.A.Namespace) {
			keys = append(keys, f.A)
		}
	case *Match:
		return k.namedPair(f.A, f.B, keys)
	}
	return keys
}

// namedPair appends the ends of a fact on two identifiers, which says something only of two that link.
func (k *Kernel) namedPair(a, b identifier.Key, keys []identifier.Key) []identifier.Key {
	if a != b && k.Links(a.Namespace) && k.Links(b.Namespace) {
		keys = append(keys, a, b)
	}
	return keys
}
