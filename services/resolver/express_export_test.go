package resolver

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
)

// Express tells what does not wait for its turn.
func (s *Service) Express(ctx context.Context) error { return s.expressOnce(ctx) }

// Entries lists the outbox.
func (s *Service) Entries(t testing.TB, space string) []resolve.OutboxEntry {
	t.Helper()
	entries, err := s.deps.Graph.ReadOutbox(t.Context(), space, "", 1<<20)
	require.NoError(t, err)
	return entries
}

// TakeTurns takes all turns of batches of events, and returns what gives them back.
func (s *Service) TakeTurns() (give func()) {
	for range cap(s.turns) {
		s.turns <- struct{}{}
	}
	return func() {
		for range cap(s.turns) {
			<-s.turns
		}
	}
}
