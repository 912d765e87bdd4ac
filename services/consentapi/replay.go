package consentapi

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"
)

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

// replayOnce goes over what waits, oldest first, and asks neither server again that did not answer. A Redis that came back may have forgotten what waits for
// Kafka, and nobody else could tell it: so all of it is put in force in every epoch, and the oldest each time, which is how another epoch is met.
func (s *Service) replayOnce(ctx context.Context) {
	var redisErr, kafkaErr error
	for i, number := range s.journal.left() {
		if ctx.Err() != nil || redisErr != nil && kafkaErr != nil {
			break
		}
		ds, at := s.journal.get(number)
		if ds == nil {
			continue
		}
		if redisErr == nil && (i == 0 || !at.standsIn(s.deps.Epoch())) {
			redisErr = s.enforce(ctx, ds, &at)
		}
		if kafkaErr == nil && !at.durable {
			kafkaErr = s.publish(ctx, ds)
			at.durable = kafkaErr == nil
		}
		s.journal.note(number, at)
		if redisErr == nil && !s.takeOff(number, len(ds), at) {
			break
		}
	}
	if err := errors.Join(redisErr, kafkaErr); err != nil {
		s.deps.Log.Debug("denials still wait in the journal", zap.Error(err))
	}
	s.metrics.waiting.Set(float64(len(s.journal.left())))
}

// takeOff takes off the journal what both servers have; false: it cannot be taken off.
func (s *Service) takeOff(number uint64, denials int, at place) bool {
	if !at.durable || !at.standsIn(s.deps.Epoch()) {
		return true
	}
	if err := s.journal.done(number); err != nil {
		s.deps.Log.Error("journal of denials could not be emptied", zap.Error(err))
		return false
	}
	s.metrics.replayed.Add(float64(denials))
	return true
}
