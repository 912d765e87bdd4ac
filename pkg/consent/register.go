package consent

import (
	"cmp"
	"slices"
	"strings"

	eventpb "rcu/schemas/event"
)

// MaxHistories bounds the purposes and channels of one register. Those of partners and recipients, by name, give way first: what is not kept is
// not allowed.
const MaxHistories = 64

// Register is what was decided about one contact point or device with one controller. It is never changed in place; the zero Register is that of
// a point about which nothing was decided.
type Register struct {
	entries []entry // in order of comparePurposes
}

type entry struct {
	PurposeChannel
	History
}

// comparePurposes puts overlays first and then purposes without a parameter, so that those with one can never push them out; offers of sales, which
// permit least, stand behind them, and questions, which permit nothing, last.
func comparePurposes(a, b PurposeChannel) int {
	return cmp.Or(cmp.Compare(place(a.Purpose), place(b.Purpose)), cmp.Compare(a.Purpose, b.Purpose), cmp.Compare(a.Channel, b.Channel))
}

func place(p Purpose) int {
	switch {
	case strings.HasPrefix(string(p), overlayPrefix):
		return 0
	case !strings.Contains(string(p), ":"):
		return 1
	case strings.HasPrefix(string(p), saleOfferPrefix):
		return 3
	case strings.HasPrefix(string(p), questionPrefix):
		return 4
	}
	return 2
}

// keeps reports whether a register has a history of decisions about this.
func keeps(pc PurposeChannel) bool {
	if _, overlay := OverlayOf(pc.Purpose); overlay || isFact(pc.Purpose) {
		return pc.Channel == ""
	}
	info, ok := PurposeOf(pc.Purpose)
	return ok && info.Decidable && info.Takes(pc.Channel)
}

func (r Register) find(pc PurposeChannel) (int, bool) {
	return slices.BinarySearchFunc(r.entries, pc, func(e entry, pc PurposeChannel) int { return comparePurposes(e.PurposeChannel, pc) })
}

// Empty reports whether nothing was decided.
func (r Register) Empty() bool { return len(r.entries) == 0 }

// History returns the decisions about a purpose and channel.
func (r Register) History(p Purpose, channel string) History {
	if i, ok := r.find(PurposeChannel{p, channel}); ok {
		return r.entries[i].History
	}
	return History{}
}

// All lists what was decided about, in a fixed order; overlays, facts of sales and questions are no decisions of people about purposes (Overlays,
// Families and Questions have them).
func (r Register) All() []PurposeChannel {
	out := make([]PurposeChannel, 0, len(r.entries))
	for _, e := range r.entries {
		if _, overlay := OverlayOf(e.Purpose); !overlay && !isFact(e.Purpose) {
			out = append(out, e.PurposeChannel)
		}
	}
	return out
}

// Join adds a decision and reports whether that changed anything. A decision about an unknown purpose, one that nobody decides, or a channel that
// does not belong to it, is left out; so is an overlay that was only carried to be lifted.
func (r Register) Join(pc PurposeChannel, d Decision) (Register, bool) {
	_, overlay := OverlayOf(pc.Purpose)
	if !keeps(pc) || overlay && d.Carried && d.Dec == Grant {
		return r, false
	}
	i, found := r.find(pc)
	var h History
	if found {
		h = r.entries[i].History
	}
	h, changed := h.Join(d)
	if !changed || !found && i >= MaxHistories {
		return r, false
	}
	out := Register{entries: make([]entry, 0, len(r.entries)+1)}
	out.entries = append(out.entries, r.entries[:i]...)
	out.entries = append(out.entries, entry{pc, h})
	if found {
		i++
	}
	out.entries = append(out.entries, r.entries[i:]...)
	out.entries = out.entries[:min(len(out.entries), MaxHistories)]
	return out, true
}

// JoinAll adds decisions as they lie on Kafka and reports whether that changed anything.
func (r Register) JoinAll(ds ...*eventpb.Decision) (Register, bool) {
	changed := false
	for _, m := range ds {
		pc, d, ok := DecisionOf(m)
		if !ok {
			continue
		}
		var c bool
		r, c = r.Join(pc, d)
		changed = changed || c
	}
	return r, changed
}

// Merge joins everything of another register of the same point.
func (r Register) Merge(o Register) Register {
	for _, e := range o.entries {
		for _, d := range e.Said {
			r, _ = r.Join(e.PurposeChannel, d)
		}
		for _, d := range e.Carried {
			r, _ = r.Join(e.PurposeChannel, d)
		}
	}
	return r
}

// TakesAway reports whether a decision, as it lies on Kafka, takes permission away. A grant that waits for its confirmation neither gives nor takes.
func TakesAway(m *eventpb.Decision) bool {
	return m.GetDecision() != "grant" && m.GetDecision() != "pending"
}

// DecisionOf reads a decision as it lies on Kafka; false where it says nothing that a register keeps.
func DecisionOf(m *eventpb.Decision) (PurposeChannel, Decision, bool) {
	d := Decision{At: m.GetDecidedAt(), Expires: m.GetExpiresAt(), Carried: m.GetCarried(), Joint: m.GetGuardian() != "", ID: m.GetId()}
	switch m.GetDecision() {
	case "grant":
		d.Dec = Grant
	case "refuse":
		d.Dec = Refuse
	case "withdraw":
		d.Dec = Withdraw
	case "object":
		d.Dec = Object
	default:
		return PurposeChannel{}, Decision{}, false
	}
	return PurposeChannel{Purpose(m.GetPurpose()), m.GetChannel()}, d, true
}

// AllowedAt reports whether a purpose was allowed at one time: it was decided so, and no overlay masked it.
func (r Register) AllowedAt(p Purpose, channel string, t int64) bool {
	info, ok := PurposeOf(p)
	return ok && info.Takes(channel) && r.MaskedBy(p, channel, t) == "" && r.collected(info, p, channel, t, t)
}

// Allowed reports whether a purpose may be served for something that happened at t: it was allowed then and it is allowed now. A grant that came
// later does not make it lawful, a denial that came later ends it. An overlay that was lifted gives back what it masked.
func (r Register) Allowed(p Purpose, channel string, t, now int64) bool {
	info, ok := PurposeOf(p)
	return ok && info.Takes(channel) && r.collected(info, p, channel, t, now) && r.AllowedAt(p, channel, now)
}

// Stamp returns the time of the grant of a purpose in force at t, or 0.
func (r Register) Stamp(p Purpose, t int64) int64 { return r.History(p, "").Stamp(t) }

// NextBoundary returns the first time after the given one at which any answer may change by itself; 0 if there is none.
func (r Register) NextBoundary(after int64) int64 {
	next := noTime
	for _, e := range r.entries {
		if t := e.NextBoundary(after); t != 0 {
			next = min(next, t)
		}
	}
	if next == noTime {
		return 0
	}
	return next
}
