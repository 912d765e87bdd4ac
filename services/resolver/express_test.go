package resolver_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// says appends a decision about the browsing of a cookie.
func (m *maker) says(id, cookie string, at time.Time, gave bool) {
	m.grants[cookie] = append(m.grants[cookie], grant{at, gave})
	d := map[string]any{
		"point": is("cookie", cookie), "purpose": "unify_behaviour", "decision": map[bool]string{true: "grant", false: "withdraw"}[gave],
		"method": "affirmative", "act": "banner", "notice": map[string]any{"id": "n1", "version": "1", "language": "fr"},
	}
	m.put(marshal(map[string]any{
		"id": id, "type": "consent.decided", "occurred_at": at.Format(time.RFC3339), "identifiers": list(is("cookie", cookie)), "consent": list(d),
	}), eventpb.Channel_CHANNEL_WEB, retail, false)
}

// expressWorld is a world in which somebody agreed, browsed with an account and was told, then so many new people bought something, and then
// he withdrew. None of the new ones is told yet.
func expressWorld(t *testing.T, people int) *world {
	t.Helper()
	h := historyOf(t, 1, func(m *maker) {
		at := today.AddDate(0, 0, -2)
		m.says("d1", "c-1", at, true)
		m.put(j("p1", "page.viewed", at.Add(time.Hour).Format(time.RFC3339), list(proved("customer", "U1"), proved("cookie", "c-1")),
			map[string]any{"path": "/"}), eventpb.Channel_CHANNEL_WEB, retail, false)
		for n := range people {
			card := proved("card", fmt.Sprintf("29903%08d", n))
			m.put(j(fmt.Sprint("s", n), "sale", noon, list(card, proved("email", fmt.Sprintf("new.%d@example.fr", n))), euros(500)), eventpb.Channel_CHANNEL_STORE, retail, false)
		}
		m.says("d2", "c-1", at.Add(24*time.Hour), false)
	})
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	w.take(stream.TopicConsents, 0, 1)
	w.take(stream.TopicEventsWeb, 0, 1)
	for range 2 {
		require.NoError(t, w.workers[0].look(t.Context()))
		require.NoError(t, w.workers[0].service.Flush(t.Context()))
		require.NoError(t, w.workers[0].service.Express(t.Context()))
	}
	require.Empty(t, w.workers[0].service.Entries(t, space))
	clear(w.log.topics)
	w.take(stream.TopicEventsStore, 0, int64(people))
	w.take(stream.TopicConsents, 1, 2)
	return w
}

// take resolves the records of a topic, on whichever partition they are, from one place to another.
func (w *world) take(topic string, from, to int64) {
	w.t.Helper()
	for _, p := range w.h.places {
		if p.topic != topic {
			continue
		}
		all := w.h.records[p]
		for at := from; at < min(to, int64(len(all))); at += 500 {
			require.NoError(w.t, w.workers[0].service.Resolve(w.t.Context(), stream.Batch{
				Topic: topic, Partition: p.partition, LogID: stream.LogID{1}, Records: all[at:min(at+500, to, int64(len(all)))], HighWater: int64(len(all)),
			}))
		}
	}
}

// parted reports whether the page is told to be nobody's, and how many records of people were told before.
func (w *world) parted() (told bool, before int) {
	w.t.Helper()
	for _, r := range w.log.topics[stream.TopicOwners] {
		o := new(eventpb.Owner)
		require.NoError(w.t, r.Decode(o))
		told = told || o.GetRcuId() == ""
	}
	return told, len(w.log.topics[stream.TopicProfiles]) + len(w.log.topics[stream.TopicIdentity])
}

// TestExpress_aWithdrawalDoesNotStandBehindTheNew: with 10,000 new people in the outbox before it, a withdrawal is told first, and nothing of the
// order in which the outbox is told changes.
func TestExpress_aWithdrawalDoesNotStandBehindTheNew(t *testing.T) {
	const people = 10_000
	w := expressWorld(t, people)
	s := w.workers[0].service
	waiting := s.Entries(t, space)
	require.GreaterOrEqual(t, len(waiting), people)
	require.NoError(t, s.Express(t.Context()))
	told, before := w.parted()
	require.True(t, told)
	require.LessOrEqual(t, before, 5, "the profiles of the one who withdrew, and nobody else's")
	require.Equal(t, waiting, s.Entries(t, space), "entries stay and keep their order")

	for left := len(waiting); left > 0; left -= 500 { // whoever is new is told by the same number of looks, however often somebody withdraws
		require.NoError(t, s.Express(t.Context()))
		require.NoError(t, w.workers[0].look(t.Context()))
	}
	require.NoError(t, s.Flush(t.Context()))
	require.NoError(t, w.workers[0].look(t.Context()))
	require.Empty(t, s.Entries(t, space))
	require.Len(t, w.log.topics[stream.TopicIdentity], len(transitions(waiting)), "each transition is told once")
	require.GreaterOrEqual(t, len(w.log.topics[stream.TopicProfiles]), people)
}

func transitions(entries []resolve.OutboxEntry) (all []resolve.Transition) {
	for i := range entries {
		all = append(all, entries[i].Transitions...)
	}
	return all
}

// TestExpress_standsInLineWithoutIt is the planted fault.
func TestExpress_standsInLineWithoutIt(t *testing.T) {
	resolver.Plant(t, resolver.Faults{NoExpress: true})
	w := expressWorld(t, 1500)
	require.NoError(t, w.workers[0].service.Express(t.Context()))
	require.NoError(t, w.workers[0].look(t.Context()))
	told, _ := w.parted()
	require.False(t, told, "it stands behind 1,500 others, of which 500 were told")
}

// TestExpress_whoIsNewGoesOutOnce: profiles of entries that were looked through wait among the others, so that they are not told by events first and
// by the outbox again; the outbox keeps the entries until they are out.
func TestExpress_whoIsNewGoesOutOnce(t *testing.T) {
	const people = 50
	w := expressWorld(t, people)
	s := w.workers[0].service
	require.NoError(t, s.Express(t.Context()))
	clear(w.log.topics)
	require.NoError(t, w.workers[0].look(t.Context()))
	require.NoError(t, w.workers[0].look(t.Context()))
	require.NotEmpty(t, s.Entries(t, space), "their profiles are not out")
	require.Empty(t, w.log.topics[stream.TopicProfiles])
	require.NoError(t, s.Flush(t.Context()))
	told := len(w.log.topics[stream.TopicProfiles])
	require.GreaterOrEqual(t, told, people)
	require.NoError(t, w.workers[0].look(t.Context()))
	require.Empty(t, s.Entries(t, space))
	require.NoError(t, s.Flush(t.Context()))
	require.Len(t, w.log.topics[stream.TopicProfiles], told, "nobody again")

	w = expressWorld(t, people)
	s = w.workers[0].service
	ease := s.Crowd()
	require.NoError(t, s.Express(t.Context()))
	ease()
	require.NoError(t, s.Flush(t.Context()))
	clear(w.log.topics)
	require.NoError(t, w.workers[0].look(t.Context()))
	require.NoError(t, s.Flush(t.Context()))
	require.GreaterOrEqual(t, len(w.log.topics[stream.TopicProfiles]), people, "while too much was pending they were left for their turn")
}

// TestExpress_whatIsAskedFor: acts, what parts people by a decision, and browsing whose owners changed; not who is new, and not orders.
func TestExpress_whatIsAskedFor(t *testing.T) {
	changed := func(n identifier.Namespace, after string) []resolve.IdentifierChange {
		return []resolve.IdentifierChange{{Key: identifier.Key{Namespace: n, Value: "v"}, After: identifier.Key{Namespace: n, Value: after}}}
	}
	moved := func(kind resolve.TransitionKind, cause string) []resolve.Transition {
		return []resolve.Transition{{Kind: kind, CauseKind: cause}}
	}
	for _, tt := range []struct {
		name  string
		entry resolve.OutboxEntry
		asked bool
	}{
		{"the leaves of an order", resolve.OutboxEntry{Changed: changed(identifier.Order, "")}, false},
		{"the leaves of a card", resolve.OutboxEntry{Changed: changed(identifier.Card, "")}, false},
		{"the browsing of a device", resolve.OutboxEntry{Changed: changed(identifier.Cookie, "")}, true},
		{"a decision that changes the graph and joins or parts nobody", resolve.OutboxEntry{Changed: changed(identifier.Email, "v")}, true},
		{"nothing", resolve.OutboxEntry{}, false},
		{"somebody who is new", resolve.OutboxEntry{Transitions: moved(resolve.Created, "event"), Changed: changed(identifier.Email, "v")}, false},
		{"a decision that joins", resolve.OutboxEntry{Transitions: moved(resolve.Merged, "decision")}, false},
		{"a decision that parts", resolve.OutboxEntry{Transitions: moved(resolve.Split, "decision")}, true},
		{"an act of a steward", resolve.OutboxEntry{Transitions: moved(resolve.Merged, "act")}, true},
	} {
		require.Equal(t, tt.asked, resolver.AskedFor(tt.entry), tt.name)
	}
}

// TestExpress_isAdvice: it passes over who is only new, tells nothing twice, and leaves it when somebody else looks after the space.
func TestExpress_isAdvice(t *testing.T) {
	w := expressWorld(t, 20)
	s := w.workers[0].service
	require.NoError(t, s.Express(t.Context()))
	owners := len(w.log.topics[stream.TopicOwners])
	require.NoError(t, s.Express(t.Context()))
	require.Len(t, w.log.topics[stream.TopicOwners], owners)

	w = expressWorld(t, 20)
	s = w.workers[0].service
	w.now = w.now.Add(time.Minute)
	require.NoError(t, w.start().look(t.Context()), "another one takes the lease")
	require.NoError(t, w.workers[0].look(t.Context()))
	told, _ := w.parted()
	require.True(t, told, "in its turn, by the other one")
	clear(w.log.topics)
	require.NoError(t, s.Express(t.Context()))
	require.Empty(t, w.log.topics[stream.TopicOwners])
}

// TestExpress_decisionsWaitForNoRoom: while too much is pending for events to go on, a decision is resolved all the same.
func TestExpress_decisionsWaitForNoRoom(t *testing.T) {
	w := expressWorld(t, 3)
	s := w.workers[0].service
	ease := s.Crowd()
	w.take(stream.TopicConsents, 0, 2)
	var p place
	for _, p = range w.h.places {
		if p.topic == stream.TopicEventsStore {
			break
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() {
		stopped <- s.Resolve(ctx, stream.Batch{Topic: p.topic, Partition: p.partition, LogID: stream.LogID{1}, Records: w.h.records[p], HighWater: 1})
	}()
	stop()
	require.ErrorIs(t, <-stopped, context.Canceled, "events wait until there is room")
	ease()
	w.take(stream.TopicEventsStore, 0, 3)
	require.NoError(t, s.Flush(t.Context()))
}
