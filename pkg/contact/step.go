package contact

import "time"

// Counted leaves out the contacts that no longer matter to any rule.
func (r Rules) Counted(l Log, now time.Time) Log {
	since := now.Add(-r.Kept()).Unix()
	return l.keep(func(c Contact) bool { return c.At >= since })
}

// Reserve decides whether a place is held for a contact, on all counted contacts of the person, and returns the reservation; held reports that it stood
// before: asking again gives the same place. p has no log.
func (r Rules) Reserve(all Log, a Ask, p Person, now time.Time) (v Verdict, c Contact, held bool) {
	if c, held = all.Find(a.ID); c.State >= Made {
		return Verdict{Reason: ReasonMade}, c, false
	}
	if held = held && c.holds(now.Unix()); held {
		p.Log = all.Before(c)
	} else {
		c = Contact{ID: a.ID, At: now.Unix(), Expires: now.Add(r.Hold()).Unix(), State: Reserved, Channel: a.Channel, Point: a.Point}
		p.Log = all.Without(a.ID)
	}
	return r.Decide(a, p, now), c, held
}

// Confirm decides whether a reserved contact is made, at the moment it is handed over, and returns it. Everything is asked again, against what was made
// since and what was reserved before it. p has no log.
func (r Rules) Confirm(all Log, a Ask, p Person, now time.Time) (Verdict, Contact) {
	c, found := all.Find(a.ID)
	made := c
	made.State, made.At, made.Expires = Made, now.Unix(), 0
	switch {
	case found && c.State >= Made:
		return Verdict{Reason: ReasonMade}, made
	case !found || !c.holds(now.Unix()):
		return Verdict{Reason: ReasonExpired}, made
	}
	p.Log = all.Before(c)
	return r.Decide(a, p, now), made
}
