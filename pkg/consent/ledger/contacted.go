package ledger

import (
	"cmp"
	"slices"
	"time"

	"rcu/pkg/contact"
	"rcu/pkg/identifier"
)

// Wished is what a person chose about contacts: said at one point, or of the person, then it counts at every point of theirs.
type Wished struct {
	Controller string
	Point      Point // zero: the whole person
	Person     string
	Wish       contact.Wish
	RecordedAt int64
}

// Step is how a contact went on.
type Step uint8

// The steps. At one instant the later one here holds.
const (
	StepReleased Step = iota + 1 // a place was given back
	StepReserved
	StepMade    // it was handed over
	StepRefused // the person refused further ones in it
)

var steps = []string{"", "released", "reserved", "made", "refused"}

// Contacted is one step of a contact.
type Contacted struct {
	Controller string
	Point      Point
	Ask        contact.Ask // what it was
	Step       Step
	At         int64
	Expires    int64 // of a reservation; 0: as long as the rules hold one
	RecordedAt int64
}

// asker is a point of a controller: what is wished and counted there.
type asker struct {
	controller string
	point      Point
}

// Wish adds what a person chose.
func (l *Ledger) Wish(w Wished) {
	at := asker{w.Controller, w.Point}
	if w.Point == (Point{}) {
		at.point, w.Wish.Wide = personPoint(w.Person), true
	} else {
		l.points[w.Point] = true
	}
	l.wishes[at] = append(l.wishes[at], w)
}

// maxWished bounds the different wishes of one point or person, so that those of both stand in one book.
const maxWished = contact.MaxWishes / 2

// wishesMore reports whether a wish is about something else than all that stand at the point, and no more of them are taken.
func (l *Ledger) wishesMore(w Wished) bool {
	at := asker{w.Controller, w.Point}
	if w.Point == (Point{}) {
		at.point = personPoint(w.Person)
	}
	type about struct {
		kind contact.WishKind
		what string
	}
	known := map[about]bool{{w.Wish.Kind, w.Wish.About}: true}
	for _, x := range l.wishes[at] {
		known[about{x.Wish.Kind, x.Wish.About}] = true
	}
	return len(known) > maxWished
}

// Contacted adds a step of a contact.
func (l *Ledger) Contacted(c Contacted) {
	at := asker{c.Controller, c.Point}
	l.contacts[at] = append(l.contacts[at], c)
	l.points[c.Point] = true
}

// bookAt is what was wished at a point as of t, with what its person said of all points.
func (l *Ledger) bookAt(controller string, p Point, t, known int64) (b contact.Book) {
	join := func(at asker) {
		for _, w := range l.wishes[at] {
			if w.Wish.At <= t && w.RecordedAt <= known {
				b, _ = b.Join(w.Wish)
			}
		}
	}
	join(asker{controller, p})
	if person := l.person[p]; person != "" {
		join(asker{controller, personPoint(person)})
	}
	return b
}

// forGood is the end of a pause that has none.
var forGood = time.Date(lastYear+1, 1, 1, 0, 0, 0, 0, time.UTC)

// wishesAt says what holds for contacts at a point, the first of the person's, as of t. A pause that masks the person is one for all their points.
func (l *Ledger) wishesAt(controller string, points []Point, t, known int64) contact.Wishes {
	books := make([]contact.Book, len(points))
	for i, p := range points {
		books[i] = l.bookAt(controller, p, t, known)
	}
	w := contact.WishesAt(books[0], books[1:], time.Unix(t, 0))
	for _, o := range l.overlays[l.person[points[0]]] {
		if o.Mask != Paused || o.RecordedAt > known || o.From > t || o.Until != 0 && o.Until <= t {
			continue
		}
		end := forGood
		if o.Until != 0 {
			end = time.Unix(o.Until, 0)
		}
		if end.After(w.Paused) {
			w.Paused = end
		}
	}
	return w
}

// logAt is what counts as of t of the contacts made at the points.
func (l *Ledger) logAt(controller string, points []Point, rules contact.Rules, t, known int64) (out contact.Log) {
	since := time.Unix(t, 0).Add(-rules.Kept()).Unix()
	var taken []Contacted
	for _, p := range points {
		for _, c := range l.contacts[asker{controller, p}] {
			if c.At <= t && c.RecordedAt <= known && c.At >= since {
				taken = append(taken, c)
			}
		}
	}
	slices.SortFunc(taken, func(a, b Contacted) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Expires, b.Expires))
	})
	now := map[contact.ID]contact.Contact{}
	for _, c := range taken {
		c.went(now, rules)
	}
	latest := make([]contact.Contact, 0, len(now))
	for _, c := range now {
		latest = append(latest, c)
	}
	slices.SortFunc(latest, func(a, b contact.Contact) int {
		return cmp.Or(cmp.Compare(a.At, b.At), slices.Compare(a.ID[:], b.ID[:]))
	})
	for _, c := range latest[max(0, len(latest)-contact.MaxContacts):] {
		out = out.With(c)
	}
	return out
}

// went takes a contact one step on. One that was made stays made, since when it was.
func (c Contacted) went(now map[contact.ID]contact.Contact, rules contact.Rules) {
	x := contact.Contact{ID: c.Ask.ID, At: c.At, Channel: c.Ask.Channel, Point: c.Ask.Point}
	before, found := now[x.ID]
	switch c.Step {
	case StepReleased:
		if found && before.State == contact.Reserved {
			delete(now, x.ID)
		}
		return
	case StepReserved:
		x.State, x.Expires = contact.Reserved, c.Expires
		if c.Expires == 0 {
			x.Expires = time.Unix(c.At, 0).Add(rules.Hold()).Unix()
		}
	case StepMade:
		x.State = contact.Made
	case StepRefused:
		x.State = contact.Declined
	}
	if !found || x.State > before.State || before.State == contact.Reserved {
		now[x.ID] = x
	}
}

// keyOf names a point among contacts and registers; its value is only compared.
func keyOf(p Point) identifier.Key { return identifier.Key{Namespace: p.Namespace, Value: p.Value} }
