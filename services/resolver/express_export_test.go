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

// AskedFor reports whether somebody waits for an entry.
func AskedFor(e resolve.OutboxEntry) bool { return askedFor(&e) }

// Crowd has too much pending until the function that it returns is called: nothing of it has to go out.
func (s *Service) Crowd() (ease func()) {
	limit := s.pending.limit
	s.pending.mu.Lock()
	defer s.pending.mu.Unlock()
	s.pending.limit = -1
	return func() {
		s.pending.mu.Lock()
		defer s.pending.mu.Unlock()
		s.pending.limit = limit
		s.pending.room.Broadcast()
	}
}
