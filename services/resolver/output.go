package resolver

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// emit publishes the events of the batch with the profile they belong to now. An event that was folded before is published
// again: the first time may have been cut short.
func (s *Service) emit(ctx context.Context, w *work) error {
	var records []stream.Record
	for _, i := range w.items {
		s.metrics.events.WithLabelValues(i.outcome.String()).Inc()
		if i.outcome == profile.Conflict || i.outcome == profile.Fenced && faults.skipFenced {
			continue
		}
		r, err := stream.Encode(stream.TopicResolved, resolvedKey(i.event), s.resolved(w, i), microTime(i.event.GetReceivedAt()))
		if err != nil {
			return err
		}
		records = append(records, r)
		if i.owner != "" {
			w.profiles = append(w.profiles, profileRef{w.space, s.ownerKey(w, i), i.event.GetController()})
		}
	}
	told, err := offersToTell(w.folds)
	if err != nil {
		return err
	}
	s.metrics.decisions.Add(float64(len(w.decisions)))
	for _, d := range w.decisions {
		w.profiles = append(w.profiles, profileRef{w.space, w.people.Naming(pointOf(d)), d.GetController()})
	}
	if err := s.out.PublishAll(ctx, append(records, told...)); err != nil {
		return fmt.Errorf("publishing resolved events: %w", err)
	}
	return nil
}

// resolved is the message of an event: without its sealed fields, claim and offers, which end here.
func (s *Service) resolved(w *work, i *item) *eventpb.Resolved {
	e := i.event
	e.Personal, e.Claim, e.Offered = nil, nil, nil
	return &eventpb.Resolved{
		Event: e, RcuId: i.owner, Permissions: s.permissions(w, i), Version: uint64(w.now.UnixMicro()),
	}
}

// ownerKey returns the naming identifier of an item's owner. The owner's name was made from it.
func (s *Service) ownerKey(w *work, i *item) identifier.Key {
	var buf [8]identifier.Key
	for _, k := range identity.OwnersKeys(i.leaf, w.registers[i.leaf.Reference], buf[:0]) {
		if naming := w.people.Naming(k); s.name(w.space, naming) == i.owner {
			return naming
		}
	}
	return identifier.Key{}
}

// resolvedKey keeps the events of a leaf in order; an event without a leaf is spread by its id.
func resolvedKey(e *eventpb.Event) []byte {
	if k := e.GetLeafKey(); len(k) > 0 {
		return []byte(hex.EncodeToString(k))
	}
	row := profile.RowKey(e)
	return []byte(hex.EncodeToString(row[:]))
}

func microTime(micros int64) time.Time { return time.UnixMicro(micros) }
