package ledger

import (
	"cmp"
	"math"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// Because is why an answer is what it is.
type Because string

// Why something is allowed.
const (
	BecauseBasis    Because = "basis"           // it needs nobody's decision
	BecauseDefault  Because = "nobody_objected" // it holds until somebody objects
	BecauseGranted  Because = "granted"
	BecauseCarried  Because = "carried_grant"
	BecauseSoftOpt  Because = "soft_optin"
	BecauseGuardian Because = "joint_grant" // of a child and a holder of parental authority
)

// Why something is not allowed.
const (
	BecauseUnknown     Because = "unknown" // nothing was decided
	BecausePurpose     Because = "unknown_purpose"
	BecauseRefusedUse  Because = "refused_use"
	BecauseChannel     Because = "channel_unfit" // the purpose has no such channel, or it does not reach the point
	BecausePending     Because = "pending"
	BecauseUnconfirmed Because = "confirmation_expired"
	BecauseRefused     Because = "refused"
	BecauseWithdrawn   Because = "withdrawn"
	BecauseObjected    Because = "objected"
	BecauseWide        Because = "person_wide_denial"
	BecauseExpired     Because = "expired"
	BecauseInactive    Because = "inactive" // the person did nothing for too long
	BecauseMinor       Because = "minor"
	BecauseErased      Because = "erased"
	BecauseDeceased    Because = "deceased"
	BecauseRestricted  Because = "restricted"
	BecausePaused      Because = "paused"
)

// Question asks whether a purpose is allowed on a point.
type Question struct {
	Controller string
	Point      Point
	Topic      consent.PurposeChannel
	Family     string // of the goods that are offered: for soft opt-in
	EventAt    int64  // when the thing happened that is used; 0 = nothing happened, it is about At alone
	At         int64  // now, for who asks
	KnownAt    int64  // only what was recorded by then counts
}

// Answer says whether, and why.
type Answer struct {
	Allowed   bool
	Because   Because
	Then      bool // what denies held when the thing happened, not at At
	Basis     consent.Basis
	Decision  string // id of the statement or sale that decides; empty without any
	Notice    Notice
	DecidedAt int64
	ExpiresAt int64 // when a yes ends by itself; 0 = never
}

// BasisSoftOptIn is the basis of what a sale permits. It is never a consent.
const BasisSoftOptIn consent.Basis = "soft_optin"

// Ask answers a question. What happened is judged twice: as of then, and as of now. A grant that came later does not make it lawful, a denial
// that came later ends it.
func (l *Ledger) Ask(q Question) Answer {
	if q.EventAt != 0 {
		if then := l.at(q, q.EventAt); !then.Allowed {
			then.Then = true
			return then
		}
	}
	return l.at(q, q.At)
}

// at answers as of one time.
func (l *Ledger) at(q Question, t int64) Answer {
	info, known := consent.PurposeOf(q.Topic.Purpose)
	a := Answer{Basis: info.Basis}
	switch {
	case l.reg.Refuses(string(q.Topic.Purpose)):
		return a.no(BecauseRefusedUse)
	case !known:
		return a.no(BecausePurpose)
	case !info.Takes(q.Topic.Channel) || !consent.Reaches(q.Topic.Channel, q.Point.Namespace):
		return a.no(BecauseChannel)
	}
	m := l.masksOf(l.person[q.Point], t, q.KnownAt)
	if why := m.denies(info); why != "" {
		return a.no(why)
	}
	if !info.Decidable {
		return a.yes(BecauseBasis)
	}
	return l.decide(q, info, m.band, t)
}

func (a Answer) no(why Because) Answer {
	a.Allowed, a.Because, a.ExpiresAt = false, why, 0
	return a
}

func (a Answer) yes(why Because) Answer {
	a.Allowed, a.Because = true, why
	return a
}

// masked is what stands above the decisions of a person at a time.
type masked struct {
	mask Mask
	band Band
}

// masksOf finds the mask that leaves least, and the age that was last said.
func (l *Ledger) masksOf(person string, t, known int64) (m masked) {
	if person == "" {
		return m
	}
	for _, o := range l.overlays[person] {
		if o.RecordedAt <= known && o.From <= t && (o.Until == 0 || t < o.Until) && (m.mask == 0 || o.Mask < m.mask) {
			m.mask = o.Mask
		}
	}
	m.band = l.bandAt(person, t, known)
	return m
}

// bandAt is the age at a time: what was last said, at one instant the younger. An age that was said later tells of the time before it too when
// it is that of a child: nobody grows younger.
func (l *Ledger) bandAt(person string, t, known int64) Band {
	at, band := int64(math.MinInt64), BandUnknown
	for _, a := range l.ages[person] {
		if a.RecordedAt > known || a.Band == BandUnknown {
			continue
		}
		if a.From > t {
			if a.Band == Under15 {
				return Under15
			}
			continue
		}
		if a.From > at || a.From == at && a.Band < band {
			at, band = a.From, a.Band
		}
	}
	return band
}

// denies says why a mask denies a purpose; empty: it does not. What the law demands is never masked.
func (m masked) denies(info consent.Info) Because {
	if info.Purpose == consent.Legal {
		return ""
	}
	switch m.mask {
	case Erased:
		return BecauseErased
	case Deceased:
		return BecauseDeceased
	case Restricted:
		return BecauseRestricted
	case Paused:
		if len(info.Channels) > 0 || info.Purpose == consent.AdsCustomAudience {
			return BecausePaused
		}
	}
	if m.band == From15To17 && (info.Purpose == consent.Profiling || info.Purpose == consent.AdsCustomAudience) {
		return BecauseMinor
	}
	return ""
}

// decide answers from what was decided about the point, and about the whole person.
func (l *Ledger) decide(q Question, info consent.Info, band Band, t int64) Answer {
	a := Answer{Basis: info.Basis}
	h := l.holding(q, t)
	a.Decision, a.Notice, a.DecidedAt = h.ID, h.Notice, h.DecidedAt
	switch {
	case !h.found:
		return l.undecided(q, info, band, t)
	case h.Kind.Denies():
		return a.no(h.because())
	case h.ExpiresAt != 0 && h.ExpiresAt <= t:
		return a.no(BecauseExpired)
	}
	a.ExpiresAt = h.ExpiresAt
	if end := l.quietEnd(q, info, h, t); end != 0 {
		if end <= t {
			return a.no(BecauseInactive)
		}
		if a.ExpiresAt == 0 || end < a.ExpiresAt {
			a.ExpiresAt = end
		}
	}
	return l.ofAge(a, h, info, q, band)
}

// ofAge holds a grant against the age of who gave it: below 15 it counts together with the consent of a holder of parental authority alone, also
// after the fifteenth birthday: then the person is asked, nothing is granted by growing older.
func (l *Ledger) ofAge(a Answer, h held, info consent.Info, q Question, band Band) Answer {
	child := band == Under15
	if person := l.person[q.Point]; person != "" && !child {
		child = l.bandAt(person, h.DecidedAt, q.KnownAt) == Under15
	}
	switch {
	case info.Optional() && child && h.Guardian == "":
		return a.no(BecauseMinor)
	case info.Optional() && child:
		return a.yes(BecauseGuardian)
	case h.Carried:
		return a.yes(BecauseCarried)
	}
	return a.yes(BecauseGranted)
}

// undecided answers where no decision holds: a confirmation may be waited for, a sale may stand for consent.
func (l *Ledger) undecided(q Question, info consent.Info, band Band, t int64) Answer {
	a := Answer{Basis: info.Basis}
	if info.Default {
		return a.yes(BecauseDefault)
	}
	if band != Under15 {
		if s, end, ok := l.softOptIn(q, info, t); ok {
			a.Basis, a.Decision, a.Notice, a.DecidedAt, a.ExpiresAt = BasisSoftOptIn, s.ID, s.Offered, s.At, end
			return a.yes(BecauseSoftOpt)
		}
	}
	if p, ok := l.pending(q, t); ok {
		a.Decision, a.Notice, a.DecidedAt = p.ID, p.Notice, p.DecidedAt
		if t >= l.confirmBy(p) {
			return a.no(BecauseUnconfirmed)
		}
		return a.no(BecausePending)
	}
	return a.no(BecauseUnknown)
}

// softOptIn finds the latest sale that permits to offer similar goods: of this controller, of this family, on this very point, with an offer to
// object that was made, and not taken back. It is asked only where nobody ever objected.
func (l *Ledger) softOptIn(q Question, info consent.Info, t int64) (Sale, int64, bool) {
	rule := info.On[q.Topic.Channel]
	if !rule.SoftOptIn || q.Family == "" {
		return Sale{}, 0, false
	}
	var best Sale
	found := false
	for _, s := range l.sales[q.Point] {
		if l.offers(s, q, t) && (!found || later(s, best)) {
			best, found = s, true
		}
	}
	if !found {
		return Sale{}, 0, false
	}
	end := info.QuietEnd(q.Topic.Channel, best.At, l.lastAct(q, t))
	return best, end, t < end
}

// offers reports whether a sale permits to offer similar goods.
func (l *Ledger) offers(s Sale, q Question, t int64) bool {
	fits := s.Controller == q.Controller && s.Family == q.Family && s.At <= t && s.RecordedAt <= q.KnownAt && s.Offered.ID != ""
	return fits && l.stands(s, q.KnownAt) && !l.soldToChild(s, q.KnownAt)
}

func later(a, b Sale) bool {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID)) > 0
}

// soldToChild reports whether a sale was one to a child: growing older permits nothing.
func (l *Ledger) soldToChild(s Sale, known int64) bool {
	person := l.person[s.Point]
	return person != "" && l.bandAt(person, s.At, known) == Under15
}

// quietEnd is when a grant ends because the person does nothing; 0 = it does not end so.
func (l *Ledger) quietEnd(q Question, info consent.Info, h held, t int64) int64 {
	return info.QuietEnd(q.Topic.Channel, h.DecidedAt, l.lastAct(q, t))
}

// lastAct is the last act of the person with this controller, on any of their points.
func (l *Ledger) lastAct(q Question, t int64) int64 {
	last := int64(math.MinInt64)
	for _, point := range l.pointsOf(q.Point) {
		for _, a := range l.activities[point] {
			if a.Controller == q.Controller && a.At <= t && a.RecordedAt <= q.KnownAt {
				last = max(last, a.At)
			}
		}
		for _, s := range l.sales[point] {
			if s.Controller == q.Controller && s.At <= t && s.RecordedAt <= q.KnownAt && l.stands(s, q.KnownAt) {
				last = max(last, s.At)
			}
		}
	}
	return last
}

// Reaches reports whether a channel of a purpose reaches a kind of point.
func Reaches(info consent.Info, channel string, n identifier.Namespace) bool {
	return info.Takes(channel) && consent.Reaches(channel, n)
}
