package consent

import (
	"cmp"
	"math"
	"slices"
)

// Kept is the number of decisions of each kind that a History keeps.
const Kept = 16

// Dec is what was decided. Values are ordered by how protective they are: at an equal instant the larger one holds.
type Dec uint8

// The decisions.
const (
	None Dec = iota
	Grant
	Refuse
	Withdraw
	Object
)

// Decision is one decision of a person about one point and purpose. Times are seconds since 1970.
type Decision struct {
	At      int64 // when the person decided
	Expires int64 // 0 = never
	Dec     Dec
	Carried bool // imported, never said: it fills a void and beats no denial
	Joint   bool // said together with a holder of parental authority: what a minor grants alone is none
	ID      string
}

// Denies reports whether d takes permission away.
func (d Decision) Denies() bool { return d.Dec > Grant }

// InForce reports whether d is a grant that has not expired at t.
func (d Decision) InForce(t int64) bool { return d.Dec == Grant && d.expiry() > t }

func (d Decision) expiry() int64 {
	if d.Expires == 0 {
		return math.MaxInt64
	}
	return d.Expires
}

// CompareDecisions orders decisions: the greater one holds. The order is total, so that a replay gives the same answer.
func CompareDecisions(a, b Decision) int {
	return cmp.Or(
		cmp.Compare(a.At, b.At),
		cmp.Compare(a.Dec, b.Dec),
		cmp.Compare(b.expiry(), a.expiry()),
		cmp.Compare(alone(a), alone(b)),
		cmp.Compare(a.ID, b.ID),
	)
}

// alone is 1 for what nobody else answers for: of two that are the same otherwise, the one that permits less.
func alone(d Decision) int {
	if d.Joint {
		return 0
	}
	return 1
}

// History is what is known of one point and purpose: the latest decisions that were said, and the latest grants that were
// only carried, each in ascending order. It is a join: the order in which decisions arrive does not matter.
// A History is never changed in place; Join returns another one.
type History struct {
	Said    []Decision
	Carried []Decision
}

// Empty reports whether nothing was ever decided.
func (h History) Empty() bool { return len(h.Said) == 0 && len(h.Carried) == 0 }

// Join adds d and reports whether that changed anything.
func (h History) Join(d Decision) (History, bool) {
	var changed bool
	switch {
	case d.Dec == None:
	case d.Carried && d.Dec == Grant:
		h.Carried, changed = join(h.Carried, d)
	default:
		d.Carried = false
		h.Said, changed = join(h.Said, d)
	}
	return h, changed
}

func join(ds []Decision, d Decision) ([]Decision, bool) {
	i, known := slices.BinarySearchFunc(ds, d, CompareDecisions)
	if known || (i == 0 && len(ds) == Kept) {
		return ds, false
	}
	out := make([]Decision, 0, len(ds)+1)
	out = append(append(append(out, ds[:i]...), d), ds[i:]...)
	return out[max(0, len(out)-Kept):], true
}

// Allowed reports whether the purpose was permitted at t, and whether anything is known about that time.
// With Kept decisions kept, a time before the oldest of them is known and not allowed: what held then is forgotten.
func (h History) Allowed(t int64) (allowed, known bool) {
	d, known := h.At(t)
	return known && d.InForce(t), known
}

// Stamp returns the time of the grant in force at t, or 0.
func (h History) Stamp(t int64) int64 {
	if d, known := h.At(t); known && d.InForce(t) {
		return d.At
	}
	return 0
}

// At returns the decision that holds at t; false where nothing is known of that time. A forgotten time is known and has the zero decision, which permits
// nothing.
func (h History) At(t int64) (Decision, bool) {
	for _, ds := range [...][]Decision{h.Said, h.Carried} {
		i, _ := slices.BinarySearchFunc(ds, t, func(d Decision, t int64) int {
			if d.At <= t {
				return -1
			}
			return 1
		})
		for i--; i >= 0; i-- {
			if stands(ds, i) {
				return ds[i], true
			}
		}
		if len(ds) == Kept {
			return Decision{}, true
		}
	}
	return Decision{}, false
}

// Latest returns the decision that holds when nothing else is decided; the zero one without any.
func (h History) Latest() Decision {
	d, _ := h.At(math.MaxInt64)
	return d
}

// lastGrant is the time of the latest grant that was said; 0 without any.
func (h History) lastGrant() int64 {
	for _, d := range slices.Backward(h.Said) {
		if d.Dec == Grant {
			return d.At
		}
	}
	return 0
}

// grantedIn reports whether a grant was said from one time up to another.
func (h History) grantedIn(from, to int64) bool {
	for i, d := range h.Said {
		if d.Dec == Grant && d.At >= from && d.At <= to && stands(h.Said, i) {
			return true
		}
	}
	return false
}

// DeniedIn reports whether a denial was decided after from and not after to. A denial that may have been forgotten counts.
func (h History) DeniedIn(from, to int64) bool {
	if len(h.Said) == Kept && from < h.Said[0].At {
		return true
	}
	return slices.ContainsFunc(h.Said, func(d Decision) bool { return d.Denies() && d.At > from && d.At <= to })
}

// NextBoundary returns the first time after the given one at which Allowed may change; 0 if there is none.
func (h History) NextBoundary(after int64) int64 {
	next := int64(math.MaxInt64)
	for _, ds := range [...][]Decision{h.Said, h.Carried} {
		for _, d := range ds {
			for _, t := range [...]int64{d.At, d.expiry()} {
				if t > after {
					next = min(next, t)
				}
			}
		}
	}
	if next == math.MaxInt64 {
		return 0
	}
	return next
}
