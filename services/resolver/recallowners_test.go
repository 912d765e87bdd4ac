package resolver_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

const movedPhone = "+33612345678"

// movedSales are a sale of a phone, and one of a card with that phone: the first is the card's from then on.
func movedSales(t *testing.T) *history {
	t.Helper()
	return historyOf(t, 1, func(m *maker) {
		sale := func(id string, ids []map[string]any) {
			m.put(marshal(map[string]any{"id": id, "type": "sale", "occurred_at": noon, "identifiers": ids, "data": euros(500)}), eventpb.Channel_CHANNEL_STORE, retail, false)
		}
		sale("s1", list(proved("phone", movedPhone)))
		sale("s2", list(proved("card", "2990001111111"), proved("phone", movedPhone)))
	})
}

// leftBehind tells that a leaf has another owner, and is cut short before the profile is told that the leaf left. Redis then forgets that the
// owner was told. It returns how the profile stands when another publisher has looked, by what was told of owners alone: the rest is long ago.
func leftBehind(t *testing.T) *eventpb.Profile {
	t.Helper()
	h := movedSales(t)
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	w.strict = false
	phone := h.ring.Name(space, h.ring.Pseudonym(space, identifier.Phone, movedPhone))
	last := func() (p *eventpb.Profile) {
		for _, x := range messages[eventpb.Profile](t, w.log.topics[stream.TopicProfiles]) {
			if x.GetRcuId() == phone && (p == nil || p.GetVersion() < x.GetVersion()) {
				p = x
			}
		}
		return p
	}
	by := w.workers[0]
	resolve := func(id string) {
		for _, p := range h.places {
			for i, r := range h.records[p] {
				e := &eventpb.Event{}
				require.NoError(t, r.Decode(e))
				if e.GetId() == id {
					require.NoError(t, by.service.Resolve(t.Context(), w.batch(p, i, i+1)))
				}
			}
		}
	}
	resolve("s1")
	require.NoError(t, by.look(t.Context()))
	require.NoError(t, by.service.Flush(t.Context()))
	require.False(t, last().GetGone())
	resolve("s2")
	by.log.refuses = stream.TopicProfiles
	require.Error(t, by.look(t.Context()), "it is cut short")
	require.NotEmpty(t, w.log.topics[stream.TopicOwners])
	w.forgets("lo:")

	next := w.start()
	next.service.Told(func(_ context.Context, topic string, _ time.Duration, fn func(stream.Record) error) error {
		for _, r := range w.log.topics[stream.TopicOwners] {
			if topic != stream.TopicOwners {
				break
			}
			if err := fn(r); err != nil {
				return err
			}
		}
		return nil
	})
	w.now = w.now.Add(time.Minute) // the lease of the one before has run out
	for range 3 {
		require.NoError(t, next.look(t.Context()))
		require.NoError(t, next.service.Flush(t.Context()))
	}
	return last()
}

// forgets empties the cells whose keys begin so.
func (w *world) forgets(prefix string) {
	w.t.Helper()
	for key := range w.cells.written {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		cells, err := w.cells.Cells.LoadCells(w.t.Context(), []string{key})
		require.NoError(w.t, err)
		cells[0].Value = nil
		accepted, err := w.cells.Cells.CommitCells(w.t.Context(), cells)
		require.NoError(w.t, err)
		require.True(w.t, accepted[0])
	}
}

func TestOwners_toldAndForgotten_takeTheirProfilesAlong(t *testing.T) {
	require.True(t, leftBehind(t).GetGone())
	resolver.Plant(t, resolver.Faults{SettledBlindly: true})
	require.False(t, leftBehind(t).GetGone())
}
