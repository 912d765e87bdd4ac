package resolver_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// salesOfOneCard is a history on one partition.
func salesOfOneCard(t *testing.T, n int) *history {
	t.Helper()
	return historyOf(t, 1, func(m *maker) {
		for i := range n {
			m.put(j(fmt.Sprintf("s%d", i), "sale", noon, list(proved("card", "2990001111111")), euros(100+i)), eventpb.Channel_CHANNEL_STORE, retail, false)
		}
	})
}

// batch is some records of a partition.
func (w *world) batch(p place, from, to int) stream.Batch {
	all := w.h.records[p]
	return stream.Batch{Topic: p.topic, Partition: p.partition, LogID: stream.LogID{1}, Records: all[from:to], HighWater: int64(len(all))}
}

// zombie has one worker stand still before it writes a leaf. Its generation ends meanwhile: another worker gets the partition, resolves
// all of it, and commits. Then the first goes on writing, and resolves its batch once more. It returns the laws that break.
func zombie(t *testing.T, blind bool) []string {
	t.Helper()
	h := salesOfOneCard(t, 12)
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 2})
	w.strict = false // a zombie may leave an older value behind a newer one, as one that is killed does
	p := h.places[0]
	x, old := w.positions[p], w.workers[0]
	x.worker = 0
	old.cells.blind = blind
	ended := false
	old.cells.writing = func(key string) {
		if ended || !strings.HasPrefix(key, "l:") {
			return
		}
		ended = true
		x.worker, x.next = 1, x.committed
		for x.next < int64(len(h.records[p])) {
			w.read(p)
		}
		next := w.workers[1]
		require.NoError(t, next.look(t.Context()))
		require.NoError(t, next.service.Flush(t.Context()))
		require.NoError(t, next.look(t.Context()))
		w.commit(p)
		require.Equal(t, int64(len(h.records[p])), x.committed)
	}
	first := w.batch(p, 0, 5)
	require.NoError(t, old.service.Resolve(t.Context(), first))
	require.True(t, ended)
	require.NoError(t, old.service.Resolve(t.Context(), first))
	require.NoError(t, old.service.Flush(t.Context()))
	w.finish()
	return w.broken(cleanRun(t, h))
}

func TestZombie_writesAfterItsGeneration_changesNothing(t *testing.T) {
	require.Empty(t, zombie(t, false))
	require.NotEmpty(t, zombie(t, true), "a write that nothing compares undoes what was written since")
}

// overtaken has one worker publish the value of a leaf while another one writes and publishes a newer value. It returns the changelogs
// that do not end with what is stored.
func overtaken(t *testing.T) []string {
	t.Helper()
	h := salesOfOneCard(t, 2)
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 2})
	p := h.places[0]
	slow, fast := w.workers[0], w.workers[1]
	require.NoError(t, slow.service.Resolve(t.Context(), w.batch(p, 0, 1)))
	require.NoError(t, slow.look(t.Context()))
	passed := false
	slow.log.publishing = func(topic string) {
		if passed || topic != stream.TopicLeaves {
			return
		}
		passed = true
		require.NoError(t, fast.service.Resolve(t.Context(), w.batch(p, 1, 2)))
		require.NoError(t, fast.service.Flush(t.Context()))
	}
	require.NoError(t, slow.service.Flush(t.Context()))
	require.True(t, passed)
	return w.brokenChangelogs()
}

func TestChangelog_isNeverOlderThanTheState(t *testing.T) {
	require.Empty(t, overtaken(t))
	resolver.Plant(t, resolver.Faults{KeepOvertaken: true})
	require.NotEmpty(t, overtaken(t))
}
