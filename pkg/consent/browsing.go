package consent

// AllowsBrowsing reports whether browsing on a device, collected under the grant of a time and seen from first to last, may be shown now: it was granted
// when it began, never denied up to its end, and is granted now. A denial that is learned late takes away what happened after it, and a grant that
// came later gives nothing back of what was seen without one.
func (r Register) AllowsBrowsing(stamp, first, last, now int64) bool {
	return stamp > 0 && r.Allowed(UnifyBehaviour, "", first, now) && !r.History(UnifyBehaviour, "").DeniedIn(stamp, last)
}
