package contact

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rcu/pkg/identifier"
)

// tries bounds how often a log that others write too is read again.
const tries = 32

// ErrContended says that a log kept changing; nothing was written.
var ErrContended = errors.New("log of contacts kept changing")

// Party is whose contacts are counted together with one controller.
type Party struct {
	Space, Controller string
	Gate              identifier.Key   // the identifier that names the person: its log decides who comes first
	Points            []identifier.Key // all identifiers of the person
}

// Desk takes contacts through their states: reserved, then made or released. Every step reads the logs of the person, decides, and writes the
// log of the gate only if nobody wrote it meanwhile: contacts of one person are decided one after the other, over all channels.
type Desk struct {
	store Store
	rules Rules
}

// NewDesk returns a desk over a store. Rules have to be valid.
func NewDesk(store Store, rules Rules) *Desk { return &Desk{store, rules} }

// Rules are the rules of the desk.
func (d *Desk) Rules() Rules { return d.rules }

// Reserve holds a place for a contact. Asking again for one that is held gives the same place. p has no log: the desk reads it.
func (d *Desk) Reserve(ctx context.Context, who Party, a Ask, p Person, now time.Time) (Verdict, Contact, error) {
	var v Verdict
	var c Contact
	err := d.step(ctx, who, a, now, func(read *books) (Log, bool) {
		var held bool
		v, c, held = d.rules.Reserve(read.all, a, p, now)
		return read.first.With(c), v.Allowed && !held
	})
	if err != nil {
		return Verdict{}, Contact{}, err
	}
	return v, c, nil
}

// Confirm makes a reserved contact, at the moment it is handed over. A refusal releases the place.
func (d *Desk) Confirm(ctx context.Context, who Party, a Ask, p Person, now time.Time) (Verdict, Contact, error) {
	var v Verdict
	var c Contact
	err := d.step(ctx, who, a, now, func(read *books) (Log, bool) {
		v, c = d.rules.Confirm(read.all, a, p, now)
		return read.first.With(c), v.Allowed
	})
	switch {
	case err != nil:
		return Verdict{}, Contact{}, err
	case v.Allowed:
		if err := d.keep(ctx, who, c, now); err != nil { // counted, and not to be sent
			return Verdict{}, Contact{}, err
		}
		return v, c, nil
	case v.Reason != ReasonMade:
		_, err = d.Release(ctx, who, a, now)
	}
	return v, Contact{}, err
}

// Release gives the place of a reserved contact back. A contact that was made stays.
func (d *Desk) Release(ctx context.Context, who Party, a Ask, now time.Time) (Verdict, error) {
	v := Verdict{Allowed: true}
	for _, key := range who.keys(a.Point) {
		err := d.change(ctx, []string{key}, now, func(read *books) (Log, bool) {
			c, found := read.all.Find(a.ID)
			if found && c.State >= Made {
				v = Verdict{Reason: ReasonMade}
			}
			return read.first.Without(a.ID), found && c.State == Reserved
		})
		if err != nil {
			return Verdict{}, err
		}
	}
	return v, nil
}

// Decline writes down that the person refused further contacts on the channel. That holds whatever is known of the contact itself.
func (d *Desk) Decline(ctx context.Context, who Party, a Ask, now time.Time) (Contact, error) {
	c := Contact{ID: a.ID, At: now.Unix(), State: Declined, Channel: a.Channel, Point: a.Point}
	err := d.step(ctx, who, a, now, func(read *books) (Log, bool) {
		if old, found := read.all.Find(a.ID); found && old.State == Declined {
			c = old
		}
		return read.first.With(c), true
	})
	if err != nil {
		return Contact{}, err
	}
	return c, d.keep(ctx, who, c, now)
}

// keep writes a contact that was made into the log of its point, so that it stays with the point when the person is parted.
func (d *Desk) keep(ctx context.Context, who Party, c Contact, now time.Time) error {
	if c.Point == who.Gate {
		return nil
	}
	key := Key(who.Space, who.Controller, c.Point)
	return d.change(ctx, []string{key}, now, func(read *books) (Log, bool) { return read.first.With(c), true })
}

// keys are the keys of the party's logs, that of the gate first.
func (w Party) keys(point identifier.Key) []string {
	keys := []string{Key(w.Space, w.Controller, w.Gate)}
	for _, k := range append(slices.Clone(w.Points), point) {
		if key := Key(w.Space, w.Controller, k); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// books are the logs that were read together.
type books struct {
	first Log // that of the gate: the one that is written
	all   Log // what they say together of the person
}

// step changes the log of the gate on what all logs of the person say.
func (d *Desk) step(ctx context.Context, who Party, a Ask, now time.Time, plan func(*books) (Log, bool)) error {
	points := append(slices.Clone(who.Points), a.Point)
	return d.change(ctx, who.keys(a.Point), now, func(read *books) (Log, bool) {
		read.all = read.all.At(points)
		return plan(read)
	})
}

// change reads logs, plans and writes the first one, until nobody else wrote it in between. A plan may be made several times.
func (d *Desk) change(ctx context.Context, keys []string, now time.Time, plan func(*books) (Log, bool)) error {
	for range tries {
		stored, err := d.store.LoadContacts(ctx, keys)
		if err != nil {
			return fmt.Errorf("reading contacts: %w", err)
		}
		read, err := d.open(stored, now)
		if err != nil {
			return err
		}
		next, write := plan(read)
		if !write {
			return nil
		}
		first := stored[0]
		next = next.Newest()
		first.Value = next.Encode()
		written, err := d.store.CommitContacts(ctx, first, next.Last().Add(d.rules.Kept()))
		if err != nil {
			return fmt.Errorf("writing contacts: %w", err)
		}
		if written {
			return nil
		}
	}
	return ErrContended
}

// open unpacks logs and leaves out what no longer matters.
func (d *Desk) open(stored []Stored, now time.Time) (*books, error) {
	read := &books{}
	for i, s := range stored {
		l, err := Decode(s.Value)
		if err != nil {
			return nil, err
		}
		if l = d.rules.Counted(l, now); i == 0 {
			read.first = l.keep(func(c Contact) bool { return c.holds(now.Unix()) })
		}
		read.all = read.all.Merge(l)
	}
	return read, nil
}

// Last is the time of the last contact, or of the end of its reservation.
func (l Log) Last() time.Time {
	at := int64(0)
	for _, c := range l.contacts {
		at = max(at, c.At, c.Expires)
	}
	return time.Unix(at, 0)
}
