package ledger

import (
	"slices"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
)

// Before asks whether a contact may be made, as the service contacts is asked: when it is planned, or at the moment it is handed over.
type Before struct {
	Controller string
	Point      Point
	Plan       contact.Plan
	Confirm    bool  // at the hand-over; else at the reservation
	At         int64 // when it would be reserved, or made
	KnownAt    int64 // only what was recorded by then counts
}

// Told is the answer before a contact.
type Told struct {
	contact.Verdict
	Contact contact.Contact // as it stands where it is allowed
	Proof   []contact.Proof
}

// Before answers by the functions that the service answers by: Plan.Permit over the registers that the facts make, and the steps of the rules over the
// contacts that they count.
func (l *Ledger) Before(rules contact.Rules, q Before) Told {
	now := time.Unix(q.At, 0)
	points := l.pointsOf(q.Point)
	points = append([]Point{q.Point}, slices.DeleteFunc(points, func(p Point) bool { return p == q.Point })...)
	registers := make([]consent.Point, len(points))
	for i, p := range points {
		registers[i] = consent.Point{Key: keyOf(p), Register: l.registerAt(q.Controller, p, q.At, q.KnownAt)}
	}
	if consent.Quiet(registers, q.At) {
		last := l.lastAct(Question{Controller: q.Controller, Point: q.Point, KnownAt: q.KnownAt}, q.At)
		consent.Acted(registers, max(last, 0))
	}
	var told Told
	who := contact.Person{Wishes: l.wishesAt(q.Controller, points, q.At, q.KnownAt)}
	who.Permission, told.Proof = q.Plan.Permit(registers, q.At)
	log := rules.Counted(l.logAt(q.Controller, points, rules, q.At, q.KnownAt), now)
	if q.Confirm {
		told.Verdict, told.Contact = rules.Confirm(log, q.Plan.Ask, who, now)
	} else {
		told.Verdict, told.Contact, _ = rules.Reserve(log, q.Plan.Ask, who, now)
	}
	return told
}
