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

// TakenBack lists the points at which an event of the leaf permitted offers, where it was taken back and is remembered in full.
func (s *State) TakenBack(source, id string) []identifier.Key {
	at := s.findID(idHash(source, id))
	if at < 0 || !s.log[at].Retracted || planted.offersStay {
		return nil
	}
	var out []identifier.Key
	for _, r := range s.log[at].Offered {
		out = append(out, r.Key())
	}
	return out
}
