package consent

import "math"

// ErasedUntil is up to when what happened at the point is erased, seen from now: the end of its latest erasure, or the end of time while it lies. ok is
// false where none was ever laid.
func (r Register) ErasedUntil(now int64) (until int64, ok bool) {
	if r.neverOverlaid() {
		return 0, false
	}
	if r.On(Erased, now) {
		return math.MaxInt64, true
	}
	return r.History(Erased.Purpose(), "").end(now)
}
