package resolver

import (
	"time"

	"rcu/pkg/event"
	"rcu/pkg/profile"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// offersTakenBack are facts for the points at which a sale permitted offers, where its leaf says that it was taken back: a retraction need not name them. They
// are told whichever of the two comes last, and again with each repetition: the first time may have been cut short.
func offersTakenBack(leaf *profile.State, e *eventpb.Event, now time.Time) []*eventpb.Decision {
	if e.GetEventRetracted() == nil && len(e.GetOffered()) == 0 {
		return nil
	}
	points, sold := leaf.TakenBack(e.GetSource(), event.Sold(e))
	if faults.soldByTeller {
		sold = e.GetOccurredAt()
	}
	var out []*eventpb.Decision
	for _, point := range points {
		out = append(out, event.SaleTakenBack(e, sold, point, now.UnixMicro()))
	}
	return out
}

// offersToTell are the records of such facts: they go the way of all that is known of a point.
func offersToTell(folds []fold) ([]stream.Record, error) {
	var out []stream.Record
	for i := range folds {
		for _, d := range folds[i].offers {
			r, err := stream.Encode(stream.TopicConsents, d.GetPoint().GetPseudonym(), d, microTime(d.GetReceivedAt()))
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
	}
	return out, nil
}
