package resolver_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// comesTo has a name told that nobody has, of a state that was lost. Somebody compares what was told, in some way, and is killed; a minute passes, in
// which other profiles are told. It returns whether the name is told to be gone when another one has compared everything.
func comesTo(t *testing.T, compares func(*world, *worker)) bool {
	t.Helper()
	w := newWorld(t, namedSales(t), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	w.finish()
	w.now = w.now.Add(time.Minute) // the lease of the one before has run out
	first := w.start()
	w.compare(first)
	w.now = w.now.Add(worldLease)
	require.NoError(t, first.look(t.Context()), "the lease says that everything is compared")
	told := messages[eventpb.Profile](t, w.log.topics[stream.TopicProfiles])
	number, err := w.cells.Count(t.Context(), "pv:"+space, 1)
	require.NoError(t, err)
	nobody := proto.CloneOf(told[len(told)-1])
	nobody.RcuId, nobody.Gone, nobody.Version = w.h.ring.Name(space, w.h.ring.Pseudonym(space, identifier.Card, "2990009999999")), false, uint64(number)
	w.tell(nobody)

	w.now = w.now.Add(2 * worldLease)
	second := w.start()
	second.service.Told(second.log, 0, 1, 1)
	compares(w, second)
	w.now = w.now.Add(time.Minute)
	for n := range 20 { // on every partition
		p := proto.CloneOf(nobody)
		p.RcuId, p.Gone = w.h.ring.Name(space, w.h.ring.Pseudonym(space, identifier.Card, fmt.Sprintf("29900088888%02d", n))), true
		w.tell(p)
	}
	w.compare(w.start())
	for _, p := range messages[eventpb.Profile](t, w.log.topics[stream.TopicProfiles]) {
		if p.GetRcuId() == nobody.GetRcuId() && p.GetVersion() >= nobody.GetVersion() {
			nobody = p
		}
	}
	return nobody.GetGone()
}

// tell tells a profile again.
func (w *world) tell(p *eventpb.Profile) {
	w.t.Helper()
	r, err := stream.Encode(stream.TopicProfiles, []byte(space+":"+p.GetController()+":"+p.GetRcuId()), p, w.now)
	require.NoError(w.t, err)
	w.log.topics[stream.TopicProfiles] = append(w.log.topics[stream.TopicProfiles], r)
}

// It is killed after a few slices: who comes next begins where it began, however much has been told since.
func TestComparison_thatIsHandedOver_beginsWhereItBegan(t *testing.T) {
	some := func(w *world, by *worker) {
		for range 5 {
			require.NoError(t, by.look(t.Context()))
		}
		require.False(t, by.whole)
	}
	require.True(t, comesTo(t, some))
	resolver.Plant(t, resolver.Faults{CompareLately: true})
	require.False(t, comesTo(t, some))
}

// Its calls fail one time in two.
func TestComparison_thatFails_tellsWhatItWasAbout(t *testing.T) {
	failing := func(w *world, by *worker) {
		w.chaos.fail = .5
		for range 10_000 {
			w.try(by.look(t.Context()))
			w.try(by.service.Flush(t.Context()))
			if by.whole {
				break
			}
		}
		w.chaos.fail = 0
		require.True(t, by.whole)
		w.now = w.now.Add(time.Minute)
		require.NoError(t, by.look(t.Context()))
	}
	require.True(t, comesTo(t, failing))
	resolver.Plant(t, resolver.Faults{StruckOff: true})
	require.False(t, comesTo(t, failing))
}

// It is killed when it has read everything, and nothing of what it found has gone out.
func TestComparison_isAtItsEndWhenAllIsOut(t *testing.T) {
	unsaid := func(w *world, by *worker) {
		for range 200 {
			require.NoError(t, by.look(t.Context()))
			w.now = w.now.Add(worldLease * 3 / 4)
		}
	}
	require.True(t, comesTo(t, unsaid))
	resolver.Plant(t, resolver.Faults{FoundIsOut: true})
	require.False(t, comesTo(t, unsaid))
}

// Offsets wait for the components alone: the outbox is drained and forgotten while the rest is compared.
func TestComparison_doesNotHoldUpTheOutbox(t *testing.T) {
	w := newWorld(t, newHistory(t, 1, 60), statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	w.run()
	graph, err := resolve.NewGraph(w.graph, identity.DefaultRules())
	require.NoError(t, err)
	require.NoError(t, graph.Touch(t.Context(), space, nil, w.now.Unix()))
	by := w.start()
	w.now = w.now.Add(time.Minute) // the lease of the one before has run out
	by.service.Told(by.log, 0, 1, 1)
	looks, waited := 0, 0
	for began := w.now; !by.whole; looks++ {
		require.Less(t, looks, 10_000)
		require.NoError(t, by.look(t.Context()))
		require.NoError(t, by.service.Flush(t.Context()))
		if !by.service.Through().After(began) {
			waited++
		}
	}
	t.Logf("offsets waited for %d of %d looks", waited, looks)
	require.Less(t, waited, looks/2)
}
