package consent

// MaxEnds bounds how many ends of permissions are told with a profile.
const MaxEnds = 16

// End is a time at which permissions of a profile end by themselves.
type End struct {
	At   int64
	Mask Mask // what is gone from then on
}

// Ends lists when permissions that hold now end by themselves, in order of time, so that whoever keeps the mask of a profile denies in time although
// nothing happened. What would begin again later is not told: it is allowed once somebody asks anew. Beyond MaxEnds everything that a person can
// decide ends with the last one.
func Ends(points []Point, now int64) []End {
	at := nextBoundary(points, now)
	if at == 0 {
		return nil // nothing is asked of the registers of most people
	}
	var out []End
	mask := Permissions(points, now)
	for ; at != 0; at = nextBoundary(points, at) {
		gone := mask &^ permissions(points, at, mask)
		if gone == 0 {
			continue
		}
		if len(out) == MaxEnds-1 {
			return append(out, End{at, mask & decidable})
		}
		out, mask = append(out, End{at, gone}), mask&^gone
	}
	return out
}

// decidable are the permissions that a person can take away.
var decidable = func() (m Mask) {
	for _, i := range purposes {
		if !i.Decidable || i.Parameter {
			continue
		}
		m |= bitOf(i.Purpose, "")
		for _, c := range i.Channels {
			m |= bitOf(i.Purpose, c)
		}
	}
	return m
}()

// nextBoundary is the first time after the given one at which an answer about some point may change by itself; 0 if there is none.
func nextBoundary(points []Point, after int64) int64 {
	next := noTime
	for _, p := range points {
		if t := p.Register.NextBoundary(after); t != 0 {
			next = min(next, t)
		}
		next = min(next, p.nextQuiet(after))
	}
	if next == noTime {
		return 0
	}
	return next
}
