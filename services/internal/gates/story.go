// Package gates tells what the four gates of consent did with one event, and why.
//
// It tells from what is stored and from nothing else: of an event that consent refused nothing is kept, and the story says so. No value of a
// person is told; identifiers are named by their namespace and the first digits of their pseudonym.
package gates

import (
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/warehouse"
	eventpb "rcu/schemas/event"
)

// Language of the words: EN or FR.
type Language string

// The languages.
const (
	EN Language = "en"
	FR Language = "fr"
)

// Found is what is stored of an event that carries an id.
type Found struct {
	Stored *warehouse.StoredEvent // in ClickHouse; nil: it is not there
	Event  *eventpb.Event         // on its Kafka topic; nil: it is not there any more
	Held   *eventpb.Held          // waits until its consent can be judged
	Dead   *eventpb.DeadLetter    // was rejected
}

// Story is what the gates did with one event.
type Story struct {
	Event  string `json:"event"`
	Source string `json:"source,omitempty"`
	Type   string `json:"type,omitempty"`
	Stored bool   `json:"stored"`
	Steps  []Step `json:"steps"`
}

// Step is what one gate did, and why.
type Step struct {
	Gate    string   `json:"gate"` // G1 collect | G2 link | G3 store | G4 use; empty: before any gate
	Did     Did      `json:"did"`
	Purpose string   `json:"purpose,omitempty"`
	Words   string   `json:"words"`
	Details []string `json:"details,omitempty"`
}

// Did is what a gate did with an event.
type Did string

// What gates do.
const (
	NotStored  Did = "not_stored"
	Rejected   Did = "rejected"
	Held       Did = "held"
	Collected  Did = "collected"
	Linked     Did = "linked"
	Unlinked   Did = "unlinked"
	Row        Did = "row"
	PersonLess Did = "row_without_person"
	Shown      Did = "shown_under_purpose"
	Nobody     Did = "shown_to_nobody"
)

// Tell tells the story of an event, as it stands now.
func Tell(lang Language, id, source string, f Found) Story {
	s := Story{Event: id, Source: source, Stored: f.Stored != nil}
	w := words[lang]
	step := func(gate string, did Did, purpose consent.Purpose, text string, details ...string) {
		s.Steps = append(s.Steps, Step{gate, did, string(purpose), text, details})
	}
	switch {
	case f.Stored != nil:
		s.Source, s.Type = f.Stored.Source, f.Stored.Type
	case f.Held != nil:
		s.Source = f.Held.GetSource()
		step("G1", Held, consent.UnifyBehaviour, w.held)
		return s
	case f.Dead != nil:
		s.Source = f.Dead.GetSource()
		step("", Rejected, "", fmt.Sprintf(w.rejected, f.Dead.GetStage(), f.Dead.GetReason(), f.Dead.GetField()))
		return s
	default:
		step("G1", NotStored, "", w.notStored)
		return s
	}
	e := f.Stored
	mask := consent.Mask(e.Permissions)
	collect(w, e, f.Event, step)
	link(w, e, mask, f.Event, step)
	switch {
	case e.Retracted:
		step("G3", Row, "", w.retracted)
	case e.Written == "":
		step("G3", PersonLess, "", w.personLess)
	case e.Owner != e.Written:
		step("G3", Row, "", fmt.Sprintf(w.moved, or(e.Owner, w.nobody)))
	default:
		step("G3", Row, "", w.row)
	}
	switch {
	case e.Owner == "":
		step("G4", Nobody, "", w.shownToNobody)
	case e.Behaviour:
		step("G4", Shown, consent.UnifyBehaviour, w.browsingShown)
	default:
		step("G4", Shown, consent.UnifyCore, w.coreShown)
	}
	return s
}

type stepper func(gate string, did Did, purpose consent.Purpose, text string, details ...string)

// collect tells what G1 did.
func collect(w *wording, e *warehouse.StoredEvent, m *eventpb.Event, step stepper) {
	text, purpose := w.core, consent.Purpose("")
	if e.Behaviour {
		text, purpose = w.browsing, consent.UnifyBehaviour
	}
	var details []string
	for _, i := range m.GetIdentifiers() {
		if identifier.Namespace(i.GetNamespace()).Kind() == identifier.KindDevice && i.GetStamp() > 0 {
			details = append(details, fmt.Sprintf(w.grant, name(i), time.Unix(i.GetStamp(), 0).UTC().Format(time.RFC3339)))
		}
	}
	if m == nil {
		details = append(details, w.gone)
	} else if len(details) == 0 {
		details = append(details, w.noDevice)
	}
	step("G1", Collected, purpose, text, details...)
}

// link tells what G2 did.
func link(w *wording, e *warehouse.StoredEvent, mask consent.Mask, m *eventpb.Event, step stepper) {
	details := pairs(w, m)
	switch {
	case !mask.Has(consent.UnifyCore):
		step("G2", Unlinked, consent.UnifyCore, w.objected, details...)
	case e.Behaviour && !mask.Has(consent.UnifyBehaviour):
		step("G2", Unlinked, consent.UnifyBehaviour, w.noGrant, details...)
	case e.Owner == "":
		step("G2", Unlinked, "", w.nobodyKnown, details...)
	default:
		step("G2", Linked, consent.UnifyCore, fmt.Sprintf(w.linked, e.Owner), details...)
	}
}

// pairs lists the identifiers that the event showed together: each pair is evidence.
func pairs(w *wording, m *eventpb.Event) []string {
	var names []string
	for _, i := range m.GetIdentifiers() {
		if identifier.Namespace(i.GetNamespace()).Links() {
			names = append(names, name(i))
		}
	}
	slices.Sort(names)
	var out []string
	for i, a := range names {
		for _, b := range names[i+1:] {
			out = append(out, fmt.Sprintf(w.together, a, b))
		}
	}
	return out
}

// name shows an identifier without its value.
func name(i *eventpb.Identifier) string {
	digits := hex.EncodeToString(i.GetPseudonym())
	return i.GetNamespace() + " " + digits[:min(8, len(digits))]
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
