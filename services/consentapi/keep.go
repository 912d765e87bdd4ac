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
	number, journalErr := s.journal.add(ds)
	k.Journal = journalErr == nil
	if journalErr != nil {
		s.deps.Log.Error("denials could not be written to the journal", zap.Error(journalErr))
	}
	redisErr := s.registers.join(ctx, ds)
	if errors.Is(redisErr, errUnreadable) { // everything optional is denied there
		s.deps.Log.Error("consent register is unreadable")
		redisErr = nil
	}
	k.InForce = redisErr == nil
	if !s.away.Load() || journalErr != nil { // while Kafka is known to be away the journal is all it needs
		k.Durable = s.publish(ctx, ds) == nil
	}
	if k.InForce && k.Durable && k.Journal {
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

// replay tries what waits in the journal again and again until ctx ends.
func (s *Service) replay(ctx context.Context) {
	tick := time.NewTicker(s.cfg.ReplayEvery)
	defer tick.Stop()
	for {
		s.replayOnce(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// replayOnce goes over what waits, oldest first, and stops at the first that still has to wait.
func (s *Service) replayOnce(ctx context.Context) {
	for _, number := range s.journal.left() {
		ds := s.journal.get(number)
		if ds == nil || ctx.Err() != nil {
			continue
		}
		err := s.registers.join(ctx, ds)
		if errors.Is(err, errUnreadable) {
			err = nil
		}
		if err = errors.Join(err, s.publish(ctx, ds)); err == nil {
			err = s.journal.done(number)
		}
		if err != nil {
			s.deps.Log.Debug("denials still wait in the journal", zap.Error(err))
			break
		}
		s.metrics.replayed.Add(float64(len(ds)))
	}
	s.metrics.waiting.Set(float64(len(s.journal.left())))
}
