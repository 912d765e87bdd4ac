package resolver_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// namedTwice are sales to one card: without a name, with one, with the same one again, and with another, then one of a backfill.
func namedTwice(t *testing.T) *history {
	t.Helper()
	return historyOf(t, 1, func(m *maker) {
		for i, name := range []string{"", "Hélène", "Hélène", "Helena"} {
			sale := map[string]any{
				"id": "s" + strconv.Itoa(i), "type": "sale", "occurred_at": strings.Replace(noon, "12:00", "12:0"+strconv.Itoa(i), 1),
				"identifiers": list(proved("card", "2990001111111")), "data": euros(100 + i),
			}
			if name != "" {
				sale["traits"] = map[string]any{"given_name": name}
			}
			m.put(marshal(sale), eventpb.Channel_CHANNEL_STORE, retail, false)
		}
	})
}

// TestPrompt_whatIsNewOfAPerson goes out before its turn, behind its key, once; nothing else does, and offsets wait for the rest.
func TestPrompt_whatIsNewOfAPerson(t *testing.T) {
	w := newWorld(t, namedTwice(t), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	s, p := w.workers[0].service, w.h.places[0]
	out := func(from, to int) (leaves, keys int) {
		w.log.topics = map[string][]stream.Record{}
		w.workers[0].log.topics = w.log.topics
		require.NoError(t, s.Resolve(t.Context(), w.batch(p, from, to)))
		require.NoError(t, s.PublishUrgent(t.Context()))
		return len(w.log.topics[stream.TopicLeaves]), len(w.log.topics[stream.TopicKeys])
	}
	before := s.Through()
	for i, want := range []struct {
		leaves, keys int
		says         string
	}{{0, 0, "a sale says nothing of who somebody is"}, {1, 1, "a name does"}, {0, 0, "it was said"}, {1, 0, "another one"}} {
		leaves, keys := out(i, i+1)
		require.Equal(t, want.leaves, leaves, want.says)
		require.LessOrEqual(t, keys, want.keys, want.says)
	}
	require.Equal(t, before, s.Through(), "offsets wait for profiles")
	w.log.topics = map[string][]stream.Record{}
	w.workers[0].log.topics = w.log.topics
	require.NoError(t, s.Flush(t.Context()))
	require.Empty(t, w.log.topics[stream.TopicLeaves], "what is out is not published again")
	require.NotEmpty(t, w.log.topics[stream.TopicProfiles])
}

func TestPrompt_waitsWhileMoreIsToBeDone(t *testing.T) {
	w := newWorld(t, namedTwice(t), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	s := w.workers[0].service
	require.NoError(t, s.Resolve(t.Context(), w.batch(w.h.places[0], 0, 4)))
	s.SetBehind(1_000_000)
	require.NoError(t, s.PublishUrgent(t.Context()))
	require.Empty(t, w.log.topics[stream.TopicLeaves])
	s.SetBehind(0)
	require.NoError(t, s.PublishUrgent(t.Context()))
	require.Empty(t, w.log.topics[stream.TopicLeaves], "it waits for its turn")
	require.NoError(t, s.Flush(t.Context()))
	require.Len(t, w.log.topics[stream.TopicLeaves], 1)
}

// promptWithoutKey counts the leaves that went out before their turn while the keys of their subjects cannot be published.
func promptWithoutKey(t *testing.T) int {
	t.Helper()
	w := newWorld(t, namedSales(t), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	by := w.workers[0]
	by.log.refuses = stream.TopicKeys
	require.NoError(t, by.service.Resolve(t.Context(), w.batch(w.h.places[0], 0, 2)))
	_ = by.service.PublishUrgent(t.Context())
	sealed := len(w.log.topics[stream.TopicLeaves])
	by.log.refuses = ""
	require.NoError(t, by.service.Flush(t.Context()))
	require.Len(t, w.log.topics[stream.TopicLeaves], 1, "it is published in the end")
	return sealed
}

func TestPrompt_keysGoBeforeWhatTheySeal(t *testing.T) {
	require.Zero(t, promptWithoutKey(t))
	resolver.Plant(t, resolver.Faults{KeysLast: true})
	require.Positive(t, promptWithoutKey(t))
}

// promptBesideTheRest counts the leaves that go out before their turn while nothing else of their batch can.
func promptBesideTheRest(t *testing.T) int {
	t.Helper()
	w := newWorld(t, namedSales(t), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	by := w.workers[0]
	by.log.refuses = stream.TopicResolved
	require.Error(t, by.service.Resolve(t.Context(), w.batch(w.h.places[0], 0, 2)))
	require.NoError(t, by.service.PublishUrgent(t.Context()))
	prompt := len(w.log.topics[stream.TopicLeaves])
	by.log.refuses = ""
	require.NoError(t, by.service.Resolve(t.Context(), w.batch(w.h.places[0], 0, 2)), "the batch comes again")
	require.NoError(t, by.service.Flush(t.Context()))
	require.NotEmpty(t, w.log.topics[stream.TopicLeaves])
	return prompt
}

// TestPrompt_waitsForNothingElse: the leaf is written and its key is pending, so it need not wait for the events and owners of its batch.
func TestPrompt_waitsForNothingElse(t *testing.T) {
	require.Equal(t, 1, promptBesideTheRest(t))
	resolver.Plant(t, resolver.Faults{PromptLate: true})
	require.Zero(t, promptBesideTheRest(t))
}
