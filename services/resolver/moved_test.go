package resolver_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// toldWhereALeafMoved resolves an order of an e-mail, and then a sale that joins the e-mail to a card, so that the order's leaf moves. It
// returns how often the profile of the card went out, by the publisher of owners and by the flush behind it; flushing: another flush was under
// way meanwhile.
func toldWhereALeafMoved(t *testing.T, flushing bool) (byOwners, byFlush int) {
	t.Helper()
	h := historyOf(t, 1, func(m *maker) {
		m.send(j("w1", "order.placed", noon, list(is("email", "alone@example.fr"), is("order", "w1")), euros(1000)), eventpb.Channel_CHANNEL_WEB, retail)
		m.send(j("s1", "sale", noon, list(proved("card", "2990001111111"), proved("email", "alone@example.fr")), euros(500)), eventpb.Channel_CHANNEL_STORE, retail)
	})
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	by, card := w.workers[0], h.ring.Name(space, h.ring.Pseudonym(space, identifier.Card, "2990001111111"))
	told := func() (n int) {
		for _, p := range messages[eventpb.Profile](t, w.log.topics[stream.TopicProfiles]) {
			if p.GetRcuId() == card && !p.GetGone() {
				n++
			}
		}
		return n
	}
	for _, topic := range []string{stream.TopicEventsWeb, stream.TopicEventsStore, stream.TopicEventsHistory} {
		for _, p := range h.places {
			for x := w.positions[p]; p.topic == topic && x.next < int64(len(h.records[p])); {
				w.read(p)
				if topic == stream.TopicEventsWeb {
					require.NoError(t, by.service.Flush(t.Context()))
					require.NoError(t, by.look(t.Context()))
				}
			}
		}
	}
	end := func() {}
	if flushing {
		end = by.service.HoldFlush()
	}
	require.Zero(t, told())
	require.NoError(t, by.look(t.Context()))
	byOwners = told()
	end()
	require.NoError(t, by.service.Flush(t.Context()))
	return byOwners, told() - byOwners
}

// TestOwners_tellWhatIsPending: a profile to which a leaf moved goes out at once with all that is pending of it, and not once more in its turn. A
// flush that is under way may have read before: then it does.
func TestOwners_tellWhatIsPending(t *testing.T) {
	byOwners, byFlush := toldWhereALeafMoved(t, false)
	require.Equal(t, 1, byOwners)
	require.Zero(t, byFlush)
	byOwners, byFlush = toldWhereALeafMoved(t, true)
	require.Equal(t, 1, byOwners)
	require.Equal(t, 1, byFlush)
}
