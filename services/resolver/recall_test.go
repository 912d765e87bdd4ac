package resolver_test

import (
	"context"
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// toldOfALostState resolves sales. Somebody has told that another person owns a leaf, by a merge that the store then lost with everything that
// was remembered of it, and that does not come again. Another publisher takes over. It returns the laws that break before and after he has looked,
// and how many overrides he publishes.
func toldOfALostState(t *testing.T) (before, after []string, published int) {
	t.Helper()
	h := namedSales(t)
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	w.strict = false
	w.finish()
	clean := cleanRun(t, h)
	require.Empty(t, w.broken(clean))
	var leaf *eventpb.Event
	for _, e := range h.events {
		leaf = e
	}
	number, err := w.cells.Count(t.Context(), "ov:"+space, 1) // as the one before drew it
	require.NoError(t, err)
	lost := &eventpb.Owner{
		Space: space, Controller: retail, LeafKey: leaf.GetLeafKey(), Version: uint64(number),
		RcuId: h.ring.Name(space, h.ring.Pseudonym(space, identifier.Card, "2990009999999")),
	}
	record, err := stream.Encode(stream.TopicOwners, []byte(space+":"+hex.EncodeToString(lost.GetLeafKey())), lost, time.Now())
	require.NoError(t, err)
	w.log.topics[stream.TopicOwners] = append(w.log.topics[stream.TopicOwners], record)
	before = w.broken(clean)
	had := len(w.log.topics[stream.TopicOwners])

	by := w.start()
	by.service.Told(func(_ context.Context, fn func(*eventpb.Owner) error) error {
		for _, o := range messages[eventpb.Owner](t, w.log.topics[stream.TopicOwners]) {
			if err := fn(o); err != nil {
				return err
			}
		}
		return nil
	})
	w.now = w.now.Add(time.Minute) // the lease of the one before has run out
	for range 3 {
		require.NoError(t, by.look(t.Context()))
		require.NoError(t, by.service.Flush(t.Context()))
	}
	return before, w.broken(clean), len(w.log.topics[stream.TopicOwners]) - had
}

func TestOwners_toldOfALostState_areToldAgain(t *testing.T) {
	before, after, published := toldOfALostState(t)
	require.NotEmpty(t, before, "readers see somebody else")
	require.Empty(t, after)
	require.Equal(t, 1, published)
	resolver.Plant(t, resolver.Faults{ForgetTold: true})
	_, after, _ = toldOfALostState(t)
	require.ElementsMatch(t, before, after)
}

// The same through a broker: the next resolver reads the last minutes of rcu.owners by itself.
func TestBroker_ownersToldOfALostState_areToldAgain(t *testing.T) {
	r := newRig(t)
	stop := r.start("1")
	r.store(j("s1", "sale", noon, list(proved("card", "2990001111111")), euros(500)))
	own := r.id(identifier.Card, "2990001111111")
	r.eventually("the sale has its owner", func() bool { return r.owners()["s1"] == own })
	stop()
	number, err := r.cells.Count(t.Context(), "ov:"+space, 1)
	require.NoError(t, err)
	lost := &eventpb.Owner{
		Space: space, Controller: retail, LeafKey: topic[eventpb.Resolved](r, stream.TopicResolved)[0].GetEvent().GetLeafKey(),
		Version: uint64(number), RcuId: r.id(identifier.Card, "2990009999999"),
	}
	record, err := stream.Encode(stream.TopicOwners, []byte(space+":"+hex.EncodeToString(lost.GetLeafKey())), lost, time.Now())
	require.NoError(t, err)
	require.NoError(t, r.out.Publish(t.Context(), []stream.Record{record}))
	require.Equal(t, lost.GetRcuId(), r.owners()["s1"], "readers see somebody else")
	r.start("2")
	r.eventually("the owner is told again", func() bool { return r.owners()["s1"] == own })
}
