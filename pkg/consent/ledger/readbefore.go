package ledger

import (
	"encoding/json"
	"io"
	"strings"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
)

// Asking says how questions before contacts are read, and what holds where a line does not say it.
type Asking struct {
	Controller string        // of lines that name none; a line of another one is an error
	Elsewhere  contact.Place // where people are whose place nobody names
	At         int64
	KnownAt    int64
}

// maxBefore bounds the questions of a file.
const maxBefore = 1_000_000

// Asked is a question as its line has it.
type Asked struct {
	ID string
	Before
}

// stepWords are the steps that are asked before a contact.
var stepWords = []string{"", "reserve", "confirm"}

// ReadBefore reads questions before contacts as JSON lines: the body of a request to the service, and the step, at and known_at. schemas/consent/contacts.json is
// their schema. The first line that is wrong ends it with a *LineError.
func ReadBefore(r io.Reader, how Asking) (out []Asked, err error) {
	err = eachLine(r, maxBefore, func(line []byte) *Fault {
		if len(line) == 0 {
			return nil
		}
		q, bad := how.read(parseObject(line, ""))
		out = append(out, q)
		return bad
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (how Asking) read(o *object) (Asked, *Fault) {
	if o.bad != nil {
		return Asked{}, o.bad
	}
	controller := o.text("controller", how.Controller == "")
	switch {
	case controller == "":
		controller = how.Controller
	case how.Controller != "" && controller != how.Controller:
		o.fail("controller", "other_controller", "is another controller", "ask for that controller, or take the line out")
	}
	q := Asked{ID: o.text("id", true), Before: Before{Controller: controller, At: how.At, KnownAt: how.KnownAt}}
	q.Confirm = o.choice("step", false, stepWords) == 2
	if at := o.time("at", false); at != 0 {
		q.At = at
	}
	if known := o.time("known_at", false); known != 0 {
		q.KnownAt = known
	}
	plan, point, nested := o.plan(controller, how.Elsewhere)
	q.Plan, q.Point = plan, point
	return q, o.done(nested...)
}

// plan reads a contact and the point it is made at.
func (o *object) plan(controller string, elsewhere contact.Place) (contact.Plan, Point, []*object) {
	w := contact.Wanted{
		ID: o.text("id", true), Controller: controller, Purpose: consent.Purpose(o.text("purpose", true)), Channel: o.text("channel", true),
		Topic: o.text("topic", false), Family: o.text("family", false), Also: o.alsoAsked(), Places: o.texts("places"),
	}
	if len(w.ID) > contact.MaxID {
		o.fail("id", codeForm, "is longer than 128 bytes", "give the contact a short id of its own")
	}
	point, nested := o.point(true)
	if o.bad != nil || nested != nil && nested.bad != nil {
		return contact.Plan{}, point, []*object{nested}
	}
	plan, fault := w.Plan(keyOf(point), point.Value, elsewhere)
	if fault != nil {
		o.fail(strings.ReplaceAll(strings.TrimPrefix(fault.Field, "/"), "/", "."), fault.Code, faultReasons[fault.Code], fault.Fix)
	}
	return plan, point, []*object{nested}
}

// faultReasons say in words why a contact is not understood.
var faultReasons = map[string]string{
	"purpose_missing": "is missing", "unknown_purpose": "is unknown", "purpose_without_contact": "is no purpose of contacts", "unknown_channel": "is no channel of the purpose",
	"channel_unfit": "does not reach the point", "bad_form": "is not in form",
}

// texts reads a list of texts.
func (o *object) texts(field string) (out []string) {
	raw := o.get(field, false)
	if raw != nil && json.Unmarshal(raw, &out) != nil {
		o.fail(field, codeForm, "is no list of texts", "use a list of texts")
	}
	return out
}

// alsoAsked reads further purposes.
func (o *object) alsoAsked() (out []consent.PurposeChannel) {
	raw := o.get("also", false)
	if raw == nil {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		o.fail("also", codeForm, "is no list of purposes", `write [{"purpose": "marketing", "channel": "push"}]`)
	}
	for _, x := range list {
		one := parseObject(x, o.under+"also.")
		out = append(out, consent.PurposeChannel{Purpose: consent.Purpose(one.text("purpose", true)), Channel: one.text("channel", false)})
		if bad := one.done(); bad != nil && o.bad == nil {
			o.bad = bad
		}
	}
	return out
}
