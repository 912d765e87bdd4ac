package consentapi

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// kept says where decisions stand.
type kept struct {
	InForce bool `json:"in_force"` // Redis has it: every gate denies or permits by it
	Durable bool `json:"durable"`  // Kafka has it
	Journal bool `json:"journal"`  // it waits on disk for what it lacks
}

// errNotInForce says that a denial is not in force yet. It is not lost: the journal or Kafka has it.
var errNotInForce = errors.New("denial is not in force yet")

// deny puts denials in force. They lie on disk first, then in Redis, then on Kafka: a crash or an outage between two of them takes nothing away.
// An error means that they do not stand in Redis, or nowhere that lasts.
func (s *Service) deny(ctx context.Context, ds []*eventpb.Decision) (kept, error) {
	var k kept
	ds = s.overLater(ctx, ds)
	number, journalErr := s.journal.add(ds)
	k.Journal = journalErr == nil
	if journalErr != nil {
		s.deps.Log.Error("denials could not be written to the journal", zap.Error(journalErr))
	}
	var at place
	redisErr := s.enforce(ctx, ds, &at)
	k.InForce = redisErr == nil
	if !s.away.Load() || journalErr != nil { // while Kafka is known to be away the journal is all it needs
		k.Durable = s.publish(ctx, ds) == nil
	}
	if at.durable = k.Durable; k.Journal {
		s.journal.note(number, at)
	}
	if k.Durable && k.Journal && at.standsIn(s.deps.Epoch()) {
		if err := s.journal.done(number); err != nil {
			s.deps.Log.Error("journal of denials could not be emptied", zap.Error(err))
		} else {
			k.Journal = false
		}
	}
	s.metrics.waiting.Set(float64(len(s.journal.left())))
	switch {
	case redisErr != nil:
		return k, errors.Join(errNotInForce, redisErr)
	case !k.Durable && !k.Journal:
		return k, errors.New("a denial stands in Redis alone")
	}
	return k, nil
}

// enforce joins denials into the registers, and notes in which epoch they stand there.
func (s *Service) enforce(ctx context.Context, ds []*eventpb.Decision, at *place) error {
	epoch := s.deps.Epoch()
	err := s.registers.join(ctx, ds)
	if errors.Is(err, errUnreadable) { // everything optional is denied there
		s.deps.Log.Error("consent register is unreadable")
		err = nil
	}
	if err == nil {
		at.epoch, at.inForce = epoch, true
	}
	return err
}

// grant puts grants on Kafka, then in force. With Redis away they are in force once the resolver has joined them.
func (s *Service) grant(ctx context.Context, ds []*eventpb.Decision) (kept, error) {
	if err := s.publish(ctx, ds); err != nil {
		return kept{}, err
	}
	err := s.registers.join(ctx, ds)
	if err != nil {
		s.deps.Log.Warn("grants could not be put in force yet", zap.Error(err))
	}
	return kept{InForce: err == nil, Durable: true}, nil
}

// publish writes decisions to Kafka and returns once the brokers have them.
func (s *Service) publish(ctx context.Context, ds []*eventpb.Decision) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.PublishTimeout)
	defer cancel()
	records := make([]stream.Record, 0, len(ds))
	for _, d := range ds {
		r, err := stream.Encode(stream.TopicConsents, d.GetPoint().GetPseudonym(), d, time.UnixMicro(d.GetReceivedAt()).UTC())
		if err != nil {
			return err //nolint:wrapcheck // says all
		}
		records = append(records, r)
	}
	err := s.deps.Producer.Publish(ctx, records)
	if was := s.away.Swap(err != nil); was != (err != nil) {
		if err != nil {
			s.deps.Log.Warn("kafka is away: denials wait in the journal, grants are not taken", zap.Error(err))
		} else {
			s.deps.Log.Info("kafka is back")
		}
	}
	if err != nil {
		return fmt.Errorf("publishing decisions: %w", err)
	}
	return nil
}
