package resolver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// promotions are sales of one person under names of which each is stronger than the one before: every sale gives its leaves another owner.
func promotions(t *testing.T) *history {
	t.Helper()
	return historyOf(t, 1, func(m *maker) {
		sale := func(id string, ids ...map[string]any) {
			m.put(marshal(map[string]any{"id": id, "type": "sale", "occurred_at": noon, "identifiers": ids, "data": euros(500)}), eventpb.Channel_CHANNEL_STORE, retail, false)
		}
		sale("s1", proved("phone", movedPhone))
		sale("s2", proved("phone", movedPhone), proved("card", "2990001111111"))
		sale("s3", proved("card", "2990001111111"), proved("customer", "c-1"))
	})
}

// resolves gives a worker the event of an id.
func (w *world) resolves(by *worker, id string) {
	w.t.Helper()
	for _, p := range w.h.places {
		for i, r := range w.h.records[p] {
			e := &eventpb.Event{}
			require.NoError(w.t, r.Decode(e))
			if e.GetId() == id {
				require.NoError(w.t, by.service.Resolve(w.t.Context(), w.batch(p, i, i+1)))
			}
		}
	}
}

// publishes has a worker publish everything.
func (w *world) publishes(by *worker) {
	w.t.Helper()
	for range 3 {
		require.NoError(w.t, by.look(w.t.Context()))
		require.NoError(w.t, by.service.Flush(w.t.Context()))
	}
}

// toldLate has a worker stand still when it has read what it is about to tell on a topic, until another one has taken over, resolved the next event
// and told what that changed. It returns the keys of the topic whose last record says something else than the newest, and compaction keeps the last.
func toldLate[M any, P interface {
	*M
	proto.Message
	GetVersion() uint64
}](t *testing.T, topic string, forget func(P)) (stale []string) {
	t.Helper()
	w := newWorld(t, promotions(t), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 2})
	slow, fast := w.workers[0], w.workers[1]
	w.resolves(slow, "s1")
	w.publishes(slow)
	w.resolves(slow, "s2")
	stopped := false
	slow.log.publishing = func(on string) {
		if stopped || on != topic {
			return
		}
		stopped = true
		w.now = w.now.Add(time.Minute)
		w.resolves(fast, "s3")
		w.publishes(fast)
	}
	w.publishes(slow)
	require.True(t, stopped)
	w.publishes(fast)
	last, newest := map[string]P{}, map[string]P{}
	told := messages[M, P](t, w.log.topics[topic])
	for i, r := range w.log.topics[topic] {
		key := string(r.Key)
		last[key] = told[i]
		if held, known := newest[key]; !known || held.GetVersion() <= told[i].GetVersion() {
			newest[key] = told[i]
		}
	}
	for key := range last {
		a, b := proto.CloneOf(last[key]), proto.CloneOf(newest[key])
		forget(a)
		forget(b)
		if !proto.Equal(a, b) {
			stale = append(stale, key)
		}
	}
	return stale
}

func TestStandstill_profilesEndWithTheNewest(t *testing.T) {
	told := func() []string {
		return toldLate(t, stream.TopicProfiles, func(p *eventpb.Profile) { p.Version = 0 })
	}
	require.Empty(t, told())
	resolver.Plant(t, resolver.Faults{ToldOnce: true})
	require.NotEmpty(t, told())
}

func TestStandstill_ownersEndWithTheNewest(t *testing.T) {
	told := func() []string {
		return toldLate(t, stream.TopicOwners, func(o *eventpb.Owner) { o.Version = 0 })
	}
	require.Empty(t, told())
	resolver.Plant(t, resolver.Faults{ToldOnce: true})
	require.NotEmpty(t, told())
}
