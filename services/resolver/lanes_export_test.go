package resolver

import "context"

// HoldHistory reports whether slices of the history lane wait.
func (s *Service) HoldHistory() bool { return s.holdHistory() }

// OutboxLate reports whether the outbox of a space has an entry that is too old.
func (s *Service) OutboxLate(ctx context.Context, space string) (bool, error) {
	return s.outboxLate(ctx, space)
}

// SinkLate reports whether the sink is too far behind.
func (s *Service) SinkLate(ctx context.Context) (bool, error) { return s.sinkLate(ctx) }
