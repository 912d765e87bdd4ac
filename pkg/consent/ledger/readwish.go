package ledger

import (
	"regexp"

	"rcu/pkg/contact"
)

// wishKinds are the words of what a wish is about.
var wishKinds = []string{"", "pause", "topic", "frequency"}

// wishWords say what a wish does, in the words of rcu.consents: it keeps contacts away, or lets them through again.
var wishWords = []string{"", "object", "grant"}

var frequencies = []string{
	"", contact.Unlimited.String(), contact.Daily.String(), contact.Weekly.String(), contact.Monthly.String(), contact.Never.String(),
}

var topicForm = regexp.MustCompile(`^[a-z0-9_-]{1,40}(/[a-z0-9_-]{1,40}){0,3}$`)

func (fr *factReader) wish(o *object) *Fault {
	kind := contact.WishKind(o.choice("wish", true, wishKinds)) //nolint:gosec // G115: one of wishKinds
	w := Wished{Controller: fr.controller(o), Person: o.text("person", false), Wish: contact.Wish{Kind: kind, At: o.time("decided_at", true)}}
	w.RecordedAt = fr.recorded(o, w.Wish.At)
	fr.notFuture(o, "decided_at", w.Wish.At)
	lets := o.choice("decision", false, wishWords) == 2
	var point *object
	w.Point, point = o.point(false)
	switch kind {
	case contact.WishPause:
		w.Wish.Value = o.time("until", !lets)
	case contact.WishTopic:
		if w.Wish.About = o.text("topic", true); o.bad == nil && !topicForm.MatchString(w.Wish.About) {
			o.fail("topic", codeForm, "is no topic", "use lower-case words, parts behind a slash: baby/clothes")
		}
		if w.Wish.Value = o.time("until", false); w.Wish.Value == 0 {
			w.Wish.Value = contact.Forever
		}
	case contact.WishFrequency:
		w.Wish.About = o.channel(false)
		w.Wish.Value = int64(max(0, o.choice("frequency", !lets, frequencies)-1))
	}
	if lets {
		w.Wish.Value = 0
	}
	if bad := o.done(point); bad != nil {
		return bad
	}
	return fr.takeWish(w)
}

// takeWish holds a wish against what was read, and adds it.
func (fr *factReader) takeWish(w Wished) *Fault {
	switch {
	case w.Point == (Point{}) && w.Person == "":
		return &Fault{"point", CodeRequired, "is missing", "say at which point it was wished, or of which person"}
	case w.Point != (Point{}) && w.Person != "":
		return &Fault{"person", codeForm, "stands beside a point", "name a point, or the person where it was said of all points"}
	case fr.ledger.wishesMore(w):
		return &Fault{"wish", codeForm, "is one of too many", "leave out what was taken back: a point has at most 64 wishes, and a person"}
	}
	fr.ledger.Wish(w)
	return nil
}

// channels are those on which people are contacted.
var channels = []string{"", "email", "sms", "phone", "post", "messaging", "push"}

func (o *object) channel(required bool) string {
	return channels[o.choice("channel", required, channels)]
}

// contacted reads one step of a contact. One that serves a contract is not counted, but for the refusal in it.
func (fr *factReader) contacted(o *object) *Fault {
	c := Contacted{Controller: fr.controller(o), At: o.time("at", true), Step: Step(o.choice("step", true, steps)), Expires: o.time("expires_at", false)} //nolint:gosec // G115: one of steps
	c.RecordedAt = fr.recorded(o, c.At)
	fr.notFuture(o, "at", c.At)
	if c.Expires != 0 && (c.Step != StepReserved || c.Expires <= c.At) {
		o.fail("expires_at", CodeExpiry, "is no end of a reservation", "leave it out, or set it later than at, of a reservation alone")
	}
	plan, point, nested := o.plan(c.Controller, contact.Place{})
	if bad := o.done(nested...); bad != nil {
		return bad
	}
	c.Point, c.Ask = point, plan.Ask
	if !c.Ask.Service || c.Step == StepRefused {
		fr.ledger.Contacted(c)
	}
	return nil
}
