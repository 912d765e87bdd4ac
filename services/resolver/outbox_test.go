package resolver_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// owedAfter resolves a sale that makes a person and publishes the outbox. It returns how many entries the outbox still has before and
// after the profiles were published, and how many profiles were.
func owedAfter(t *testing.T) (before, after, profiles int) {
	t.Helper()
	h := historyOf(t, 1, func(m *maker) {
		m.send(j("s1", "sale", noon, list(proved("card", "2990001111111"), proved("email", "a@example.fr")), euros(500)), eventpb.Channel_CHANNEL_STORE, retail)
	})
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	graph, err := resolve.NewGraph(w.graph, identity.DefaultRules())
	require.NoError(t, err)
	entries := func() int {
		left, err := graph.ReadOutbox(t.Context(), space, "", 100)
		require.NoError(t, err)
		return len(left)
	}
	by := w.workers[0]
	w.read(h.places[0])
	for range 2 { // the second time there is nothing new
		require.NoError(t, by.look(t.Context()))
	}
	before = entries()
	require.NoError(t, by.service.Flush(t.Context()))
	require.NoError(t, by.look(t.Context()))
	return before, entries(), len(w.log.topics[stream.TopicProfiles])
}

// TestOutbox_waitsForItsProfiles: an entry is forgotten when the profiles it changed are out, and a new person is published once.
func TestOutbox_waitsForItsProfiles(t *testing.T) {
	before, after, profiles := owedAfter(t)
	require.Positive(t, before, "a publisher that is killed now leaves the entry to the next one")
	require.Zero(t, after)
	require.Equal(t, 1, profiles)
	resolver.Plant(t, resolver.Faults{TrimEarly: true})
	before, _, _ = owedAfter(t)
	require.Zero(t, before)
}

// TestOutbox_manyNewPeople: of many new people at once, whose identifiers had each a name of its own until then, each is published once; but
// for those that a chunk ends with.
func TestOutbox_manyNewPeople(t *testing.T) {
	const people, chunks = 1500, 15
	published := func() int {
		h := historyOf(t, 1, func(m *maker) {
			for i := range people {
				m.send(j(fmt.Sprintf("s%d", i), "sale", noon, list(
					proved("card", fmt.Sprintf("299%010d", i)), proved("email", fmt.Sprintf("p%d@example.fr", i)), proved("customer", fmt.Sprintf("C%d", i)),
				), euros(500)), eventpb.Channel_CHANNEL_STORE, retail)
			}
		})
		w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
		for _, p := range h.places {
			for w.positions[p].next < int64(len(h.records[p])) {
				w.read(p)
			}
		}
		require.NoError(t, w.workers[0].look(t.Context()))
		require.NoError(t, w.workers[0].service.Flush(t.Context()))
		names := map[string]bool{}
		for _, r := range w.log.topics[stream.TopicProfiles] {
			names[string(r.Key)] = true
		}
		require.Len(t, names, people)
		return len(w.log.topics[stream.TopicProfiles])
	}
	require.LessOrEqual(t, published(), people+chunks)
	resolver.Plant(t, resolver.Faults{Scattered: true})
	require.Greater(t, published(), people+people/3)
}
