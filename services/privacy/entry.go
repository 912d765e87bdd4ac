package privacy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	eventpb "rcu/schemas/event"
)

// Entry is what the ledger knows of the erasure of one identifier with one controller: of a point that was erased, or of a reference that belonged to
// its person, whose values a key of its own seals. Times are in seconds.
type Entry struct {
	Space      string               `json:"space"`
	Controller string               `json:"controller"`
	Namespace  identifier.Namespace `json:"namespace"`
	Pseudonym  string               `json:"pseudonym"` // hexadecimal

	DecidedAt   int64 `json:"decided_at"`
	ReceivedAt  int64 `json:"received_at"`            // the delay runs from here
	EndsAt      int64 `json:"ends_at,omitempty"`      // when it was lifted, or ends by its date; 0: it lies
	DestroyedAt int64 `json:"destroyed_at,omitempty"` // when it was found that no store has the key any more; 0: not yet
	RemovedAt   int64 `json:"removed_at,omitempty"`   // when it was found that no store has anything else of it; 0: not yet
}

// name tells entries apart.
type name struct{ space, controller, pseudonym string }

func (e Entry) name() name { return name{e.Space, e.Controller, e.Pseudonym} }

// newEntry makes the entry of an identifier.
func newEntry(space, controller string, k identifier.Key) Entry {
	return Entry{Space: space, Controller: controller, Namespace: k.Namespace, Pseudonym: hex.EncodeToString([]byte(k.Value))}
}

// key is the identifier; empty where the ledger was tampered with.
func (e Entry) key() identifier.Key {
	value, err := hex.DecodeString(e.Pseudonym)
	if err != nil {
		return identifier.Key{}
	}
	return identifier.Key{Namespace: e.Namespace, Value: string(value)}
}

// keyCell and registerCell are where the key of the identifier lies, and its consent register.
func (e Entry) keyCell() string { return resolve.SubjectKeyCell(e.Space, e.Controller, e.key()) }

func (e Entry) registerCell() string { return resolve.ConsentCell(e.Space, e.Controller, e.key()) }

// reference reports whether the entry is of a reference: nobody decides about one, so it has no overlay.
func (e Entry) reference() bool { return e.Namespace.Kind() == identifier.KindReference }

// lies reports whether the erasure lies at a time.
func (e Entry) lies(at int64) bool { return e.EndsAt == 0 || e.EndsAt > at }

// State says how far an erasure is.
type State string

// The states of an erasure.
const (
	Waiting   State = "waiting"   // the delay runs, or the next round comes
	Overdue   State = "overdue"   // the deadline has passed, and a store may have the key still
	Destroyed State = "destroyed" // no store has the key
	Ended     State = "ended"     // it was lifted, or ended by its date, before the key was destroyed
)

// States lists them.
func States() []State { return []State{Waiting, Overdue, Destroyed, Ended} }

// State is how far the erasure is at a time.
func (e Entry) State(now time.Time) State {
	switch {
	case e.DestroyedAt > 0:
		return Destroyed
	case !e.lies(now.Unix()):
		return Ended
	case now.Unix() > e.ReceivedAt+int64(Deadline/time.Second):
		return Overdue
	}
	return Waiting
}

// States of the bytes of an erasure (lock 3).
const (
	Removed State = "removed" // nothing of it is in any store but what has to stay
)

// BytesStates lists them.
func BytesStates() []State { return []State{Waiting, Overdue, Removed, Ended} }

// BytesState is how far the removal of everything else is at a time.
func (e Entry) BytesState(now time.Time) State {
	switch {
	case e.RemovedAt > 0:
		return Removed
	case !e.lies(now.Unix()):
		return Ended
	case now.Unix() > e.ReceivedAt+int64(BytesDeadline/time.Second):
		return Overdue
	}
	return Waiting
}

// decision is the overlay of the entry as it lies on rcu.consents. Its id is the same each time.
func (e Entry) decision() *eventpb.Decision {
	k := e.key()
	id := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%d", e.Space, e.Controller, e.Pseudonym, e.DecidedAt))
	return &eventpb.Decision{
		Space: e.Space, Controller: e.Controller, Source: "privacy", Id: hex.EncodeToString(id[:16]),
		Point:   &eventpb.Identifier{Namespace: string(k.Namespace), Pseudonym: []byte(k.Value)},
		Purpose: string(consent.Erased.Purpose()), Decision: "object", DecidedAt: e.DecidedAt, ExpiresAt: e.EndsAt,
		ReceivedAt: time.Unix(e.ReceivedAt, 0).UnixMicro(), Act: "dsr",
	}
}

// after is the entry behind a decision about its erasure; changed is false where the decision says nothing new.
func (e Entry) after(m *eventpb.Decision) (next Entry, changed bool) {
	_, d, ok := consent.DecisionOf(m)
	switch {
	case !ok:
	case d.Denies() && d.At > e.DecidedAt:
		k := identifier.Key{Namespace: identifier.Namespace(m.GetPoint().GetNamespace()), Value: string(m.GetPoint().GetPseudonym())}
		next = newEntry(m.GetSpace(), m.GetController(), k)
		next.DecidedAt, next.EndsAt = d.At, d.Expires
		next.ReceivedAt = max(time.UnixMicro(m.GetReceivedAt()).Unix(), d.At)
		return next, true
	case d.Dec == consent.Grant && e.DecidedAt > 0 && d.At > e.DecidedAt && e.lies(d.At):
		e.EndsAt = d.At
		return e, true
	}
	return e, false
}

// erases reports whether a decision is about an erasure.
func erases(m *eventpb.Decision) bool {
	return consent.Purpose(m.GetPurpose()) == consent.Erased.Purpose() && m.GetSpace() != "" && m.GetController() != "" &&
		len(m.GetPoint().GetPseudonym()) == identifier.PseudonymSize
}
