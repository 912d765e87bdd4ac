package consent

import (
	"slices"

	"rcu/pkg/identifier"
)

// Point is a contact point or device with its register, as far as it could be read.
type Point struct {
	Key        identifier.Key
	Register   Register
	Unreadable bool  // the register could not be read: nothing optional is allowed
	LastAct    int64 // when the person whose point it is last did something with the controller; 0 = nothing is known
}

// Verdict is what gate G1 decides about an event.
type Verdict uint8

// The verdicts of G1.
const (
	Drop    Verdict = iota // it may not be collected: counted, kept nowhere
	Collect                // it may be collected, with the devices kept
	Hold                   // it could not be judged: held sealed, judged again or destroyed
)

// G1 decides what a collector may keep of an event that happened at t, and which of its devices. Browsing is collected only under a grant on a
// device; other events always are, without the devices that have none. What may not be kept is stripped before anything is written.
func G1(behaviour bool, devices []Point, t, now int64) (Verdict, []identifier.Key) {
	var keep []identifier.Key
	unreadable := false
	for _, d := range devices {
		switch {
		case d.Unreadable:
			unreadable = true
		case d.Register.Allowed(UnifyBehaviour, "", t, now):
			keep = append(keep, d.Key)
		}
	}
	switch {
	case !behaviour || len(keep) > 0:
		return Collect, keep
	case unreadable:
		return Hold, nil
	}
	return Drop, nil
}

// Permissions computes the mask of a profile from its points, as of now. A permission of the very point (a channel, a device) is there when one
// fitting point has it: whoever sends asks that point again. For the rest the latest decision over all points counts, at an equal instant the
// denial, and a grant that was only carried beats no denial. One unreadable point denies everything that a person can decide, and an overlay
// on one of them masks it on all.
func Permissions(points []Point, now int64) Mask { return permissions(points, now, ^Mask(0)) }

// permissions is Permissions as far as some bits go; the others may be missing.
func permissions(points []Point, now int64, some Mask) Mask {
	m, overlaid := undecided, false
	for i := range points {
		if points[i].Unreadable {
			return m
		}
		overlaid = overlaid || points[i].Register.Overlaid()
	}
	for i := range slots {
		s := &slots[i]
		if some&s.bit == 0 || overlaid && MaskedBy(points, s.info.Purpose, s.channel, now) != "" {
			continue
		}
		if !s.decided(points) {
			if s.info.Default {
				m |= s.bit
			}
			continue
		}
		if s.info.PerPoint && s.onSomePoint(points, now) || !s.info.PerPoint && s.ofPerson(points, now) {
			m |= s.bit
		}
	}
	return m
}

// decided reports whether anything was said of the slot on some point. Of most slots of most people nothing was.
func (s *slot) decided(points []Point) bool {
	for i := range points {
		for j := range points[i].Register.entries {
			if e := &points[i].Register.entries[j]; e.Channel == s.channel && e.Purpose == s.info.Purpose {
				return true
			}
		}
	}
	return false
}

// slot is a purpose about which a person decides, on one of its channels if it has any, and its bit of the mask.
type slot struct {
	info    *Info
	channel string
	bit     Mask
}

// slots are the bits of the mask about which somebody decides, and undecided are the others: they are always there. A profile is asked for all of
// them each time that it is published.
var slots, undecided = func() (all []slot, undecided Mask) {
	for i := range purposes {
		info := &purposes[i]
		for _, c := range info.on() {
			switch bit := bitOf(info.Purpose, c); {
			case !info.Decidable:
				undecided |= bit
			case !info.Parameter:
				all = append(all, slot{info, c, bit})
			}
		}
	}
	return all, undecided
}()

// on lists the channels of a purpose; one without channels has the empty one.
func (i *Info) on() []string {
	if len(i.Channels) == 0 {
		return []string{""}
	}
	return i.Channels
}

// onSomePoint answers for a permission of the very point, which none has by default: one that the channel reaches has it.
func (s *slot) onSomePoint(points []Point, now int64) bool {
	for i := range points {
		if x := &points[i]; Reaches(s.channel, x.Key.Namespace) && x.AllowedAt(s.info.Purpose, s.channel, now) {
			return true
		}
	}
	return false
}

// MaskedBy returns the overlay on some point that masks a purpose for the whole person; empty where none does.
func MaskedBy(points []Point, p Purpose, channel string, now int64) Overlay {
	for _, x := range points {
		o := x.Register.MaskedBy(p, channel, now)
		if o == "" || o == Minor && slices.ContainsFunc(points, func(y Point) bool { return y.Register.joint(p, channel, now) }) {
			continue
		}
		return o
	}
	return ""
}

// Closed returns the overlay on some point that closes the record of the person; empty where none does.
func Closed(points []Point, now int64) Overlay {
	for _, x := range points {
		for _, o := range x.Register.Overlays(now) {
			if o.Closes() {
				return o
			}
		}
	}
	return ""
}

// ofPerson answers for a purpose that is about the person: the latest decision over all points.
func (s *slot) ofPerson(points []Point, now int64) bool {
	denied, lapsed := false, false
	deniedAt, grantedAt, carried := int64(0), int64(0), false
	granted := false
	for i := range points {
		x := &points[i]
		d, known := x.Register.History(s.info.Purpose, s.channel).At(now)
		switch {
		case !known:
		case d.Denies():
			deniedAt, denied = max(deniedAt, d.At), true
		case !d.InForce(now) || x.Register.void(*s.info, d, now): // expired, or forgotten, or of a time that counts no more
			lapsed = true
		case d.Carried:
			carried = true
		default:
			grantedAt, granted = max(grantedAt, d.At), true
		}
	}
	switch {
	case granted && grantedAt > deniedAt:
		return true
	case denied || lapsed:
		return carried && !denied
	}
	return carried || s.info.Default
}
