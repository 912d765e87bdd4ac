package consentapi

import (
	"context"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// overLater repeats denials over grants at their points that lie ahead. Where registers cannot be read there is nothing to repeat.
func (s *Service) overLater(ctx context.Context, ds []*eventpb.Decision) []*eventpb.Decision {
	out := ds
	for _, d := range ds {
		k, ok := keyOf(d)
		if !ok {
			continue
		}
		points, err := s.registers.load(ctx, d.GetSpace(), d.GetController(), []identifier.Key{k})
		if err != nil {
			return out
		}
		if later, ahead := consent.OverLater(d, points[0].Register); ahead {
			out = append(out[:len(out):len(out)], later)
		}
	}
	return out
}
