package profile

import (
	"cmp"
	"slices"

	eventpb "rcu/schemas/event"
)

// pending is a retraction whose event has not come yet.
type pending struct {
	at int64
	id uint64
}

// retract takes an event back: now if it is known, else as soon as it comes.
func (s *State) retract(ev *eventpb.Event, id uint64) Outcome {
	s.hideTraits(id)
	if i := s.findID(id); i >= 0 {
		s.takeBack(&s.log[i])
		return Folded
	}
	if i := s.findTail(0, id); i >= 0 {
		e := s.tailEntry(i)
		s.takeBack(&e)
		s.tail[i*tailSize+tailSize-1] = 1
		return Folded
	}
	if planted.retractAfterOnly {
		return Folded
	}
	p := pending{at: ev.OccurredAt, id: id}
	at, _ := slices.BinarySearchFunc(s.pending, p, func(a, b pending) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) })
	s.pending = slices.Insert(s.pending, at, p)
	if over := len(s.pending) - limits.Pending; over > 0 {
		s.pending = slices.Delete(s.pending, 0, over)
	}
	return Folded
}

func (s *State) takeBack(e *Entry) {
	s.account(e, -1)
	e.Retracted = true
}

// takePending reports whether an event that comes now was taken back before.
func (s *State) takePending(id uint64) bool {
	i := slices.IndexFunc(s.pending, func(p pending) bool { return p.id == id })
	if i < 0 {
		return false
	}
	s.pending = slices.Delete(s.pending, i, i+1)
	return true
}

// takenBack counts the facts remembered that were taken back.
func (s *State) takenBack() int64 {
	var n int64
	for i := range s.log {
		if s.log[i].Retracted {
			n++
		}
	}
	for i := tailSize - 1; i < len(s.tail); i += tailSize {
		n += int64(s.tail[i])
	}
	return n
}
