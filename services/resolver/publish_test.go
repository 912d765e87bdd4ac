package resolver_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// busyWorld is a world of one worker that resolved a sale of each controller to one card.
func busyWorld(t *testing.T) *world {
	t.Helper()
	h := historyOf(t, 1, func(m *maker) {
		m.send(j("s1", "sale", noon, list(proved("card", "2990001111111"), proved("email", "a@example.fr")), euros(500)), eventpb.Channel_CHANNEL_STORE, retail)
		m.send(j("s2", "sale", noon, list(proved("card", "2990001111111"), proved("email", "a@example.fr")), euros(700)), eventpb.Channel_CHANNEL_STORE, digital)
	})
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	for _, p := range h.places {
		for w.positions[p].next < int64(len(h.records[p])) {
			w.read(p)
		}
	}
	return w
}

// told lists the controllers whose profiles were published since the last call.
func (w *world) told(t *testing.T) (controllers []string) {
	t.Helper()
	for _, r := range w.log.topics[stream.TopicProfiles] {
		var p eventpb.Profile
		require.NoError(t, r.Decode(&p))
		controllers = append(controllers, p.GetController())
	}
	w.log.topics[stream.TopicProfiles] = nil
	slices.Sort(controllers)
	return controllers
}

// TestPublish_eventsFirst: while events wait, changelogs go out and profiles wait, and so do offsets; but not for long.
func TestPublish_eventsFirst(t *testing.T) {
	w := busyWorld(t)
	s := w.workers[0].service
	before := s.Through()
	s.SetBehind(1_000_000)
	require.NoError(t, s.PublishDue(t.Context()))
	require.NotEmpty(t, w.log.topics[stream.TopicLeaves])
	require.NotEmpty(t, w.log.topics[stream.TopicKeys])
	require.Empty(t, w.told(t))
	require.Equal(t, before, s.Through(), "offsets wait for the profiles")

	w.now = w.now.Add(5 * time.Second)
	require.NoError(t, s.PublishDue(t.Context()))
	require.Equal(t, []string{digital, retail}, w.told(t))

	w = busyWorld(t)
	require.NoError(t, w.workers[0].service.PublishDue(t.Context()))
	require.Equal(t, []string{digital, retail}, w.told(t), "nothing waits: they go out at once")
}

// TestPublish_whereItChanged: an event of one controller changes a profile there and nowhere else; a change of the person changes it
// everywhere.
func TestPublish_whereItChanged(t *testing.T) {
	w := busyWorld(t)
	s := w.workers[0].service
	require.NoError(t, s.Flush(t.Context()))
	require.Equal(t, []string{digital, retail}, w.told(t))
	require.NoError(t, s.Drain(t.Context(), space))
	require.NoError(t, s.Flush(t.Context()))
	require.Equal(t, []string{digital, retail}, w.told(t), "the person is new")

	for _, p := range w.h.places {
		for i, r := range w.h.records[p] {
			var e eventpb.Event
			require.NoError(t, r.Decode(&e))
			w.positions[p].next = int64(i)
			require.NoError(t, s.Resolve(t.Context(), stream.Batch{
				Topic: p.topic, Partition: p.partition, LogID: stream.LogID{1}, Records: w.h.records[p][i : i+1], HighWater: int64(len(w.h.records[p])),
			}))
			require.NoError(t, s.Flush(t.Context()))
			require.Equal(t, []string{e.GetController()}, w.told(t))
		}
	}
}

// TestPublish_overtaken: another worker wrote a value between its commit and its publication; the changelog ends with that one.
func TestPublish_overtaken(t *testing.T) {
	last := func() (stored, published uint64) {
		w := busyWorld(t)
		var key string
		for _, r := range w.log.topics[stream.TopicLeaves] {
			key = string(r.Key)
		}
		require.Empty(t, key, "nothing is out yet")
		cells := w.cells.Cells
		for k := range w.cells.written {
			if k[:2] == "l:" {
				key = k
			}
		}
		c, err := cells.LoadCells(t.Context(), []string{key})
		require.NoError(t, err)
		written, err := cells.CommitCells(t.Context(), c)
		require.NoError(t, err)
		require.Equal(t, []bool{true}, written)
		require.NoError(t, w.workers[0].service.Flush(t.Context()))
		for _, r := range w.log.topics[stream.TopicLeaves] {
			if string(r.Key) == key {
				var x eventpb.Changelog
				require.NoError(t, r.Decode(&x))
				published = x.GetVersion()
			}
		}
		return c[0].Version, published
	}
	stored, published := last()
	require.Equal(t, stored, published)
	resolver.Plant(t, resolver.Faults{KeepOvertaken: true})
	stored, published = last()
	require.Less(t, published, stored)
}
