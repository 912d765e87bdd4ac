package ledger

import (
	"slices"

	"rcu/pkg/consent"
)

// faults are wrong variants that tests switch on, to prove that the laws catch them. Nothing else can reach them.
var faults struct {
	permissiveTie    bool // at an equal instant the grant holds
	importSaid       bool // a carried grant counts as said
	noLastTie        bool // of statements that are equal but for their id the first to come holds
	expiryTieDropped bool // of two grants of one instant the id decides, not the shorter life
	wideIgnored      bool // denials of a whole person are ignored
	revokingDeletes  bool // a denial takes what came before it away, and leaves nothing
	firstHolds       bool // what was there first holds, as a merge does that overwrites
	everyTime        bool // a grant counts at every time under which its id was said
	confirmsAll      bool // a confirmation counts whatever was denied before it
}

// held is the statement that holds.
type held struct {
	Statement
	found bool
	wide  bool // it was about the whole person
}

func (h held) because() Because {
	switch {
	case h.wide:
		return BecauseWide
	case h.Kind == Refuse:
		return BecauseRefused
	case h.Kind == Object:
		return BecauseObjected
	}
	return BecauseWithdrawn
}

// contest finds the statement that holds at a time, as far as it was known.
type contest struct {
	t, known      int64
	said, carried held
}

// consider lets a statement hold over those before it, if it does.
func (c *contest) consider(s Statement, wide bool) {
	if s.RecordedAt > c.known || s.DecidedAt > c.t {
		return
	}
	into := &c.said
	if s.carried() && !faults.importSaid {
		into = &c.carried
	}
	if !into.found || after(s, into.Statement) {
		*into = held{s, true, wide}
	}
}

// winner is the latest that was said, else the latest that was carried.
func (c *contest) winner() held {
	if c.said.found && (!faults.revokingDeletes || !c.said.Kind.Denies()) {
		return c.said
	}
	return c.carried
}

// holding finds what holds: the latest that was said about the point or the whole person, else the latest that was carried. At one instant the
// more protective holds.
func (l *Ledger) holding(q Question, t int64) held {
	c := contest{t: t, known: q.KnownAt}
	statements := l.statements[topic{q.Controller, q.Point, q.Topic}]
	for i := range statements {
		switch s := statements[i]; {
		case s.Kind == Pending || saidBefore(s, statements, q.KnownAt):
		case s.Kind == Confirm:
			if g, ok := l.confirmed(s, statements, q.KnownAt); ok {
				c.consider(g, false)
			}
		default:
			c.consider(s, false)
		}
	}
	if person := l.person[q.Point]; person != "" && !faults.wideIgnored {
		for _, s := range l.wide[topic{q.Controller, personPoint(person), q.Topic}] {
			c.consider(s, true)
		}
	}
	return c.winner()
}

// saidBefore reports whether a grant was said before under its id, as far as was known: an act happens once.
func saidBefore(g Statement, among []Statement, known int64) bool {
	return !faults.everyTime && g.Kind == Grant && g.ID != "" && slices.ContainsFunc(among, func(s Statement) bool {
		return s.ID == g.ID && s.RecordedAt <= known && s.DecidedAt < g.DecidedAt && s.Kind != Pending && s.carried() == g.carried()
	})
}

// after reports whether a holds over b; the order is total.
func after(a, b Statement) bool {
	x, y := a.decision(), b.decision()
	switch {
	case faults.firstHolds:
		return false
	case faults.permissiveTie && x.At == y.At && x.Dec != y.Dec:
		return x.Dec < y.Dec
	case faults.noLastTie:
		x.ID, y.ID = "", ""
	case faults.expiryTieDropped:
		x.Expires, y.Expires = 0, 0
	}
	return consent.CompareDecisions(x, y) > 0
}

// confirmed makes the grant of a confirmation: it holds from the confirmation on, under the notice that was shown before. It came too late when
// the person decided otherwise meanwhile, or when its time had passed.
func (l *Ledger) confirmed(c Statement, among []Statement, known int64) (Statement, bool) {
	i := slices.IndexFunc(among, func(s Statement) bool { return s.Kind == Pending && s.ID == c.Confirms && s.RecordedAt <= known })
	if i < 0 {
		return Statement{}, false
	}
	p := among[i]
	wide := l.wide[topic{c.Controller, personPoint(l.person[c.Point]), c.Topic}]
	if deniedBetween(among, p, c, known) || deniedBetween(wide, p, c, known) || c.DecidedAt < p.DecidedAt || c.DecidedAt >= l.confirmBy(p) {
		return Statement{}, false
	}
	g := c
	g.Kind, g.Notice, g.Guardian, g.ExpiresAt = Grant, p.Notice, p.Guardian, p.ExpiresAt
	if info, ok := consent.PurposeOf(p.Topic.Purpose); ok {
		g.ExpiresAt = info.EndOn(p.Topic.Channel, c.DecidedAt, p.ExpiresAt)
	}
	return g, true
}

// deniedBetween reports whether something was denied after a grant was asked for and up to its confirmation, as far as is known: whenever that is heard, the
// confirmation falls.
func deniedBetween(among []Statement, asked, confirmation Statement, known int64) bool {
	return !faults.confirmsAll && slices.ContainsFunc(among, func(s Statement) bool {
		return s.Kind.Denies() && s.RecordedAt <= known && s.DecidedAt >= asked.DecidedAt && s.DecidedAt <= confirmation.DecidedAt
	})
}

// confirmBy is when a pending grant lapses.
func (l *Ledger) confirmBy(p Statement) int64 {
	return p.DecidedAt + int64(l.reg.Terms["confirm_days"].Days)*86400
}

// pending finds the latest grant that waits for its confirmation.
func (l *Ledger) pending(q Question, t int64) (Statement, bool) {
	var best Statement
	found := false
	for _, s := range l.statements[topic{q.Controller, q.Point, q.Topic}] {
		waits := s.Kind == Pending && s.DecidedAt <= t && s.RecordedAt <= q.KnownAt
		if waits && (!found || s.DecidedAt > best.DecidedAt || s.DecidedAt == best.DecidedAt && s.ID > best.ID) {
			best, found = s, true
		}
	}
	return best, found
}
