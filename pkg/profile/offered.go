package profile

import (
	"cmp"
	"slices"

	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// offeredAt lists the points at which a sale permits offers.
func offeredAt(ev *eventpb.Event) []Ref {
	if len(ev.GetOffered()) == 0 {
		return nil
	}
	refs := make([]Ref, 0, len(ev.GetOffered()))
	for _, p := range ev.GetOffered() {
		if n := identifier.Namespace(p.GetNamespace()); n.Kind() == identifier.KindPerson {
			refs = append(refs, Ref{Namespace: n, Value: string(p.GetPseudonym())})
		}
	}
	slices.SortFunc(refs, func(x, y Ref) int {
		return cmp.Or(cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Value, y.Value))
	})
	refs = slices.Compact(refs)
	return slices.Clip(refs[:min(len(refs), maxOffered)])
}

// TakenBack lists the points at which an event of the leaf permitted offers, and when it happened, in microseconds, where it was taken back and is
// remembered in full.
func (s *State) TakenBack(source, id string) (points []identifier.Key, at int64) {
	i := s.findID(idHash(source, id))
	if i < 0 || !s.log[i].Retracted || planted.offersStay {
		return nil, 0
	}
	for _, r := range s.log[i].Offered {
		points = append(points, r.Key())
	}
	return points, s.log[i].At
}
