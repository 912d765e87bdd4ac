package consent

import (
	"slices"
	"strings"
)

// Overlay masks what people decided about a point without touching it: where it is lifted, what was decided holds as before. On Kafka it is a
// decision about the purpose `overlay:<name>`: `object` lays it on the point from decided_at until expires_at (0 = until it is lifted), `grant`
// lifts it. An overlay is about a person: it is laid on each point of theirs, and one point that has it
// masks the others. (A pause is a wish about contacts, and no overlay.)
type Overlay string

// The overlays.
const (
	Restricted Overlay = "restricted" // stored, neither read nor used (GDPR 18)
	Erased     Overlay = "erased"     // erasure was asked for: what happened up to then, and every grant of then, never counts again
	Deceased   Overlay = "deceased"   // all contact ends
	Minor      Overlay = "minor"      // below the age of digital consent: no grant of that time counts, then or later, unless it was joint
	Adolescent Overlay = "adolescent" // 15 to 17: no profile for offers, no advertising by it
)

// overlayPrefix begins the purpose of a decision that is an overlay.
const overlayPrefix = "overlay:"

// overlays is the closed table, in the order in which they are named.
var overlays = []Overlay{Restricted, Erased, Deceased, Minor, Adolescent}

// Overlays lists all overlays.
func Overlays() []Overlay { return slices.Clone(overlays) }

// Purpose is the purpose of the decisions that lay an overlay on a point, and lift it.
func (o Overlay) Purpose() Purpose { return Purpose(overlayPrefix + string(o)) }

// OverlayOf reads the purpose of a decision that is an overlay.
func OverlayOf(p Purpose) (Overlay, bool) {
	name, is := strings.CutPrefix(string(p), overlayPrefix)
	return Overlay(name), is && slices.Contains(overlays, Overlay(name))
}

// Masks reports whether an overlay takes a purpose away. The purposes about which nobody decides are never masked: an order is delivered. A
// minor's joint grants are left.
func (o Overlay) Masks(i Info) bool {
	switch o {
	case Restricted, Erased, Deceased:
		return i.Decidable
	case Minor:
		return i.Optional()
	case Adolescent:
		return i.Purpose == Profiling || i.Purpose == AdsCustomAudience
	}
	return true
}

// Closes reports whether an overlay closes the whole record: it is read for nothing but what the law obliges to.
func (o Overlay) Closes() bool { return o == Restricted || o == Erased || o == Deceased }

// on reports whether an overlay with this history lies on its point at t. Where two were laid or lifted at the same instant the one that lies
// holds, and the one that lies longer. What lay at a time that is forgotten is unknown, so something did.
func (h History) on(t int64) bool {
	last := int64(-1)
	lies, found := false, false
	for i, d := range slices.Backward(h.Said) {
		if d.At > t || !stands(h.Said, i) {
			continue
		}
		if found && d.At != last {
			break
		}
		last, found = d.At, true
		lies = lies || d.Denies() && d.expiry() > t
	}
	return lies || !found && len(h.Said) == Kept
}

// end is when the latest overlay that was laid up to t ends, or ended: by its date or because it was lifted; noTime = it has no end yet.
func (h History) end(t int64) (end int64, laid bool) {
	for i, d := range h.Said {
		switch {
		case !stands(h.Said, i):
		case d.At > t:
			return end, laid
		case d.Denies():
			end, laid = max(end, d.expiry()), true
		case laid:
			end = min(end, d.At)
		}
	}
	return end, laid
}

// laidSince reports whether an overlay was laid at or after a time, up to now. What is forgotten counts as laid.
func (h History) laidSince(t, now int64) bool {
	if len(h.Said) == Kept && t < h.Said[0].At {
		return true
	}
	return slices.ContainsFunc(h.Said, func(d Decision) bool { return d.Denies() && d.At >= t && d.At <= now })
}

// On reports whether an overlay lies on the point at t.
func (r Register) On(o Overlay, t int64) bool { return r.History(o.Purpose(), "").on(t) }

// Overlaid reports whether an overlay was ever said of the point, also one that was lifted since.
func (r Register) Overlaid() bool {
	if r.Empty() {
		return false
	}
	_, is := OverlayOf(r.entries[0].Purpose) // they stand first
	return is
}

// neverOverlaid reports whether no overlay was ever said of the point, which is so of nearly all: what only overlays can change is not looked for.
func (r Register) neverOverlaid() bool {
	return len(r.entries) == 0 || place(r.entries[0].Purpose) != 0
}

// Overlays lists what lies on the point at t.
func (r Register) Overlays(t int64) []Overlay {
	var out []Overlay
	for _, e := range r.entries {
		o, is := OverlayOf(e.Purpose)
		if !is {
			return out // they stand first
		}
		if e.on(t) {
			out = append(out, o)
		}
	}
	return out
}

// MaskedBy returns the overlay on the point that takes a purpose away at t; empty where none does. Minor masks what was not granted jointly.
func (r Register) MaskedBy(p Purpose, channel string, t int64) Overlay {
	if r.neverOverlaid() {
		return ""
	}
	info, ok := PurposeOf(p)
	if !ok {
		return ""
	}
	for _, o := range r.Overlays(t) {
		if o.Masks(info) && (o != Minor || !r.joint(p, channel, t)) {
			return o
		}
	}
	return ""
}

// joint reports whether a grant of the child and of a holder of parental authority is in force at t.
func (r Register) joint(p Purpose, channel string, t int64) bool {
	d, _ := r.History(p, channel).At(t)
	return d.Joint && d.InForce(t)
}

// void reports whether a grant counts no more, as of now: given before an erasure was asked for, or by a minor alone. A joint grant ends with
// being a minor: the person is asked anew.
func (r Register) void(i Info, d Decision, now int64) bool {
	if r.neverOverlaid() {
		return false
	}
	if r.History(Erased.Purpose(), "").laidSince(d.At, now) {
		return true
	}
	end, was := r.History(Minor.Purpose(), "").end(now)
	return was && Minor.Masks(i) && d.At < end && (now >= end || !d.Joint)
}

// collected reports whether a purpose was allowed for something that happened at t, as is known now: overlays that end give back what they
// masked, an erasure and the age of a minor do not.
func (r Register) collected(i Info, p Purpose, channel string, t, now int64) bool {
	if i.Decidable && !r.neverOverlaid() && r.History(Erased.Purpose(), "").laidSince(t, now) {
		return false
	}
	d, known := r.History(p, channel).At(t)
	if !known {
		return i.Default
	}
	return d.InForce(t) && !r.void(i, d, now)
}
