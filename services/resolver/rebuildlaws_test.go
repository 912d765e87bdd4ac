package resolver_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// What a rebuild of Redis relies on: each law holds, and breaks with its fault.

// namedSales are two sales of one card: the first brings a name and an e-mail, the second a phone.
func namedSales(t *testing.T) *history {
	t.Helper()
	return historyOf(t, 1, func(m *maker) {
		sale := func(id string, ids []map[string]any) string {
			return marshal(map[string]any{
				"id": id, "type": "sale", "occurred_at": noon, "identifiers": ids, "data": euros(500), "traits": map[string]any{"given_name": "Marie"},
			})
		}
		card := proved("card", "2990001111111")
		m.put(sale("s1", list(card, proved("email", "a@example.fr"))), eventpb.Channel_CHANNEL_STORE, retail, false)
		m.put(sale("s2", list(card, proved("phone", "+33612345678"))), eventpb.Channel_CHANNEL_STORE, retail, false)
	})
}

// sealedWithoutKey counts the leaves that are out while the keys of their subjects cannot be published.
func sealedWithoutKey(t *testing.T) int {
	t.Helper()
	w := newWorld(t, namedSales(t), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	by := w.workers[0]
	by.log.refuses = stream.TopicKeys
	require.NoError(t, by.service.Resolve(t.Context(), w.batch(w.h.places[0], 0, 2)))
	require.Error(t, by.service.Flush(t.Context()))
	sealed := len(w.log.topics[stream.TopicLeaves])
	by.log.refuses = ""
	require.NoError(t, by.service.Flush(t.Context()))
	require.NotEmpty(t, w.log.topics[stream.TopicKeys])
	require.NotEmpty(t, w.log.topics[stream.TopicLeaves])
	return sealed
}

func TestChangelogs_keysGoBeforeWhatTheySeal(t *testing.T) {
	require.Zero(t, sealedWithoutKey(t))
	resolver.Plant(t, resolver.Faults{KeysLast: true})
	require.Positive(t, sealedWithoutKey(t))
}

// committedBehind resolves a sale and publishes everything but the outbox. It returns what may be committed then, and once the outbox is out.
func committedBehind(t *testing.T) (before, after int64) {
	t.Helper()
	w := newWorld(t, namedSales(t), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	p, by := w.h.places[0], w.workers[0]
	w.read(p)
	for range 2 {
		require.NoError(t, by.service.Flush(t.Context()))
		w.commit(p)
	}
	before = w.positions[p].committed
	for range 2 { // entries are forgotten once their profiles are out
		require.NoError(t, by.look(t.Context()))
		require.NoError(t, by.service.Flush(t.Context()))
	}
	require.NoError(t, by.look(t.Context()))
	require.NoError(t, by.service.Flush(t.Context()))
	w.commit(p)
	return before, w.positions[p].committed
}

func TestOffsets_waitForTheOutbox(t *testing.T) {
	before, after := committedBehind(t)
	require.Zero(t, before, "what the outbox owes is read again")
	require.Positive(t, after)
	resolver.Plant(t, resolver.Faults{OutboxBehind: true})
	before, _ = committedBehind(t)
	require.Positive(t, before)
}

// tornChangelogs has a publisher read a component that another commit has just written again. It returns how often the changelog was told to
// be whole up to a version while it held something newer.
func tornChangelogs(t *testing.T) (torn int) {
	t.Helper()
	w := newWorld(t, namedSales(t), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 2})
	p, slow, fast := w.h.places[0], w.workers[0], w.workers[1]
	require.NoError(t, slow.service.Resolve(t.Context(), w.batch(p, 0, 1)))
	passed := false
	slow.log.publishing = func(topic string) {
		if passed || topic != stream.TopicIdentity {
			return
		}
		passed = true // the entry is read, its components are not
		require.NoError(t, fast.service.Resolve(t.Context(), w.batch(p, 1, 2)))
	}
	for range 2 {
		require.NoError(t, slow.look(t.Context()))
	}
	require.True(t, passed)
	var newest uint64
	told := 0
	for _, r := range w.log.topics[stream.TopicGraph] {
		var c eventpb.Changelog
		require.NoError(t, r.Decode(&c))
		switch {
		case string(c.GetKey()) == resolver.GraphThrough:
			told++
			if newest > c.GetVersion() {
				torn++
			}
		case len(c.GetKey()) == len(resolve.ComponentKey{}):
			newest = max(newest, c.GetVersion())
		}
	}
	require.Positive(t, told)
	require.Positive(t, newest)
	return torn
}

func TestChangelogs_areToldWholeOnlyWhereTheyAre(t *testing.T) {
	require.Zero(t, tornChangelogs(t))
	resolver.Plant(t, resolver.Faults{TornRun: true})
	require.Positive(t, tornChangelogs(t))
}
