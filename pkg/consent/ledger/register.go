package ledger

import (
	"math"

	"rcu/pkg/consent"
)

// decided lists what people decide about, but for purposes with a recipient: no contact needs one of those.
var decided = func() (out []consent.PurposeChannel) {
	for _, i := range consent.Purposes() {
		if !i.Decidable || i.Parameter {
			continue
		}
		if len(i.Channels) == 0 {
			out = append(out, consent.PurposeChannel{Purpose: i.Purpose})
		}
		for _, c := range i.Channels {
			out = append(out, consent.PurposeChannel{Purpose: i.Purpose, Channel: c})
		}
	}
	return out
}()

// registerAt is the register of a point that the gates would read at t, of the facts that were known.
func (l *Ledger) registerAt(controller string, p Point, t, known int64) (r consent.Register) {
	join := func(pc consent.PurposeChannel, d consent.Decision) {
		if d.At <= t {
			r, _ = r.Join(pc, d)
		}
	}
	person := l.person[p]
	for _, pc := range decided {
		l.said(topic{controller, p, pc}, known, func(d consent.Decision) { join(pc, d) })
		if person != "" {
			l.said(topic{controller, personPoint(person), pc}, known, func(d consent.Decision) { join(pc, d) })
		}
	}
	for _, s := range l.sales[p] {
		if s.Controller == controller && s.RecordedAt <= known && s.Offered.ID != "" && l.stands(s, known) {
			join(consent.PurposeChannel{Purpose: consent.SaleOffer(s.Family)}, consent.Decision{Dec: consent.Grant, At: s.At, ID: s.ID})
		}
	}
	if person != "" {
		l.masksOn(person, t, known, func(o consent.Overlay, d consent.Decision) { join(consent.PurposeChannel{Purpose: o.Purpose()}, d) })
	}
	return r
}

// said gives the decisions of a history that were known. What waits is none; a confirmation is the grant that it confirms.
func (l *Ledger) said(t topic, known int64, take func(consent.Decision)) {
	among := l.statements[t]
	if t.point.Namespace == wholePerson {
		among = l.wide[t]
	}
	for i := range among {
		s := among[i]
		if s.RecordedAt > known || s.Kind == Pending {
			continue
		}
		if s.Kind == Confirm {
			var confirmed bool
			if s, confirmed = l.confirmed(s, among, known); !confirmed {
				continue
			}
		}
		take(s.decision())
	}
}

// masksOn gives the overlays of a person as they lie on their points at t. A pause is none: it is a wish.
func (l *Ledger) masksOn(person string, t, known int64, take func(consent.Overlay, consent.Decision)) {
	for _, o := range l.overlays[person] {
		name, is := map[Mask]consent.Overlay{Erased: consent.Erased, Deceased: consent.Deceased, Restricted: consent.Restricted}[o.Mask]
		if is && o.RecordedAt <= known {
			take(name, consent.Decision{Dec: consent.Object, At: o.From, Expires: o.Until})
		}
	}
	switch l.bandAt(person, t, known) {
	case Under15:
		take(consent.Minor, consent.Decision{Dec: consent.Object, At: 1})
		return
	case From15To17:
		take(consent.Adolescent, consent.Decision{Dec: consent.Object, At: 1})
	case BandUnknown, Adult:
	}
	if grown := l.grownAt(person, t, known); grown != 0 {
		take(consent.Minor, consent.Decision{Dec: consent.Object, At: 1, Expires: grown})
	}
}

// grownAt is when somebody who is a child no longer was first said to be none; 0 = they were never known as a child.
func (l *Ledger) grownAt(person string, t, known int64) int64 {
	child, grown := int64(0), int64(math.MaxInt64)
	for _, a := range l.ages[person] {
		if a.RecordedAt <= known && a.From <= t && a.Band == Under15 {
			child = max(child, a.From)
		}
	}
	for _, a := range l.ages[person] {
		if a.RecordedAt <= known && a.From <= t && a.Band > Under15 && a.From > child {
			grown = min(grown, a.From)
		}
	}
	if child == 0 || grown == math.MaxInt64 {
		return 0
	}
	return grown
}
