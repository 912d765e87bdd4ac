package profile

import (
	"cmp"
	"encoding/binary"
	"slices"

	eventpb "rcu/schemas/event"
)

// Fold adds one event. It is idempotent and independent of order.
func (s *State) Fold(f Folding) Outcome {
	ev := f.Event
	if !s.advance(f.Offset) {
		return Fenced
	}
	id := idHash(ev.Source, ev.Id)
	switch known := s.judge(ev, id); known {
	case Duplicate:
		s.see(ev, id)
		return Duplicate
	case Conflict:
		return Conflict
	default: // new
	}
	s.adopt(ev)
	s.see(ev, id)
	if r := ev.GetEventRetracted(); r != nil {
		return s.retract(ev, idHash(ev.Source, r.RetractedId))
	}
	s.widen(ev.OccurredAt)
	e := entryOf(ev, id)
	if !ev.Behaviour && s.takePending(id) {
		e.Retracted = true
	}
	retracted := e.Retracted
	out := s.place(e)
	s.foldTraits(f, id, retracted)
	return out
}

// Judge says what is known of an event without folding it: Duplicate (as folded before), Conflict (its id was folded with other content), or
// Folded (nothing speaks against it). For events that Fold fenced.
func (s *State) Judge(ev *eventpb.Event) Outcome { return s.judge(ev, idHash(ev.Source, ev.Id)) }

func (s *State) judge(ev *eventpb.Event, id uint64) Outcome {
	if planted.doubleFold {
		return Folded
	}
	if i := s.findSeen(id); i >= 0 {
		if s.seen[i].digest != digestOf(ev) {
			return Conflict
		}
		return Duplicate
	}
	if i := s.findID(id); i >= 0 {
		if r := naturalReference(ev); r != nil && naturalKey(ev.Type, r) != s.log[i].Key && !planted.naturalByID {
			return Conflict
		}
		return Duplicate
	}
	if i := s.findTail(0, id); i >= 0 {
		return Duplicate
	}
	return Folded
}

// adopt takes the names of the leaf from its first event.
func (s *State) adopt(ev *eventpb.Event) {
	if s.space == "" && s.controller == "" {
		s.space, s.controller, s.leaf = ev.Space, ev.Controller, LeafOf(ev.Leaf)
	}
}

func (s *State) widen(at int64) {
	if s.first == 0 || at < s.first {
		s.first = at
	}
	s.last = max(s.last, at)
}

// seen is an event id folded lately.
type seen struct {
	id     uint64
	digest uint32
	hour   uint32 // of received_at; the latest one, should the event be received twice
}

func digestOf(ev *eventpb.Event) uint32 {
	if len(ev.ContentDigest) < 4 {
		return 0
	}
	return binary.LittleEndian.Uint32(ev.ContentDigest)
}

func (s *State) findSeen(id uint64) int {
	for i := range s.seen {
		if s.seen[i].id == id {
			return i
		}
	}
	return -1
}

// see remembers an event id with the hour it was received in.
func (s *State) see(ev *eventpb.Event, id uint64) {
	hour := uint32(max(0, ev.ReceivedAt) / 3_600_000_000) //nolint:gosec // hours since 1970
	n := seen{id: id, digest: digestOf(ev), hour: hour}
	if i := s.findSeen(id); i >= 0 {
		if s.seen[i].hour >= hour {
			return
		}
		s.seen = slices.Delete(s.seen, i, i+1)
	}
	at, _ := slices.BinarySearchFunc(s.seen, n, func(a, b seen) int { return cmp.Or(cmp.Compare(a.hour, b.hour), cmp.Compare(a.id, b.id)) })
	s.seen = slices.Insert(s.seen, at, n)
	drop := max(0, len(s.seen)-limits.Seen)
	for newest := s.seen[len(s.seen)-1].hour; newest-s.seen[drop].hour > limits.SeenHours; {
		drop++
	}
	s.seen = slices.Delete(s.seen, 0, drop)
}
