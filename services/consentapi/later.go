package consentapi

import (
	"context"
	"strconv"

	"google.golang.org/protobuf/proto"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// overLater repeats denials that are said now for the time of what stands later at their points: a grant of a machine whose clock is faster, or of before
// the clock was set back, would come into force again behind a denial of now. At one instant the denial holds. Where registers cannot be read there
// is nothing to repeat.
func (s *Service) overLater(ctx context.Context, ds []*eventpb.Decision) []*eventpb.Decision {
	out := ds
	for _, d := range ds {
		k, ok := keyOf(d)
		if !ok || !saidNow(d) {
			continue
		}
		points, err := s.registers.load(ctx, d.GetSpace(), d.GetController(), []identifier.Key{k})
		if err != nil {
			return out
		}
		at := points[0].Register.History(consent.Purpose(d.GetPurpose()), d.GetChannel()).LastGrant()
		if at > d.GetDecidedAt() {
			later := proto.CloneOf(d)
			later.DecidedAt, later.Id = at, d.GetId()+"#"+strconv.FormatInt(at, 10)
			out = append(out[:len(out):len(out)], later)
		}
	}
	return out
}

// saidNow reports whether a denial is of the second in which it was received. One of an earlier time takes back nothing that was said since.
func saidNow(d *eventpb.Decision) bool {
	return d.GetDecidedAt() >= d.GetReceivedAt()/1e6
}
