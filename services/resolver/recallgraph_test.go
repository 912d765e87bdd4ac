package resolver_test

import (
	"encoding/binary"
	"encoding/hex"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// changelog lists the newest records of components that a load takes which finds so much of rcu.graph.
func changelog(t *testing.T, records []stream.Record) map[resolve.ComponentKey]string {
	t.Helper()
	var all []resolve.StoredRecord
	through := uint64(0)
	for _, r := range records {
		_, x, is, err := resolver.GraphRecord(r)
		require.NoError(t, err)
		if is {
			all = append(all, x)
			continue
		}
		var c eventpb.Changelog
		require.NoError(t, r.Decode(&c))
		if string(c.GetKey()) == resolver.GraphThrough {
			through = max(through, c.GetVersion())
		}
	}
	out := map[resolve.ComponentKey]string{}
	var whole []resolve.StoredRecord
	for _, x := range all {
		if x.Version <= through {
			whole = append(whole, x)
		}
	}
	for _, x := range resolve.NewestRecords(whole) {
		if len(x.Value) > 0 {
			out[x.Component] = string(x.Value)
		}
	}
	return out
}

// lostComponents has a publisher tell of a commit that is lost: a component that stands is gone, another one is new. A sale follows, and another
// publisher. It returns what a load would take then, and what stands.
func lostComponents(t *testing.T) (loaded, stand map[resolve.ComponentKey]string) {
	t.Helper()
	state := statemem.NewGraph()
	w := newWorld(t, namedSales(t), statemem.NewCells(), state, worldConfig{seed: 1, workers: 1})
	p, by := w.h.places[0], w.workers[0]
	require.NoError(t, by.service.Resolve(t.Context(), w.batch(p, 0, 1)))
	require.NoError(t, by.look(t.Context()))
	told := changelog(t, w.log.topics[stream.TopicGraph])
	require.Len(t, told, 1)
	const lost = 50
	for c, value := range told {
		name := func(c resolve.ComponentKey) []byte { return []byte(space + ":" + hex.EncodeToString(c[:])) }
		gone := stream.Tombstone(stream.TopicGraph, name(c), time.Now())
		gone.Headers = append(gone.Headers, stream.Header{Key: resolver.GraphTombstoneVersion, Value: binary.BigEndian.AppendUint64(nil, lost)})
		c[0]++
		other := []byte(value)
		binary.BigEndian.PutUint64(other, lost)
		made, err := stream.Encode(stream.TopicGraph, name(c), &eventpb.Changelog{Space: space, Key: c[:], Value: other, Version: lost}, time.Now())
		require.NoError(t, err)
		w.log.topics[stream.TopicGraph] = append(w.log.topics[stream.TopicGraph], gone, made)
	}
	require.NoError(t, state.PutGraphMeta(t.Context(), space, resolve.GraphMeta{Version: lost}))
	graph, err := resolve.NewGraph(state, identity.DefaultRules())
	require.NoError(t, err)
	require.NoError(t, graph.Touch(t.Context(), space, nil, w.now.Unix())) // something is told beyond what was lost

	w.now = w.now.Add(time.Minute) // the lease of the one before has run out
	next := w.start()
	for range 3 {
		require.NoError(t, next.look(t.Context()))
		require.NoError(t, next.service.Flush(t.Context()))
	}
	keys, _, err := state.ScanComponents(t.Context(), space, "", 100)
	require.NoError(t, err)
	stand, err = graph.Records(t.Context(), space, keys)
	require.NoError(t, err)
	require.Len(t, stand, 1)
	return changelog(t, w.log.topics[stream.TopicGraph]), stand
}

func TestComponents_toldOfALostState_areOverruled(t *testing.T) {
	loaded, stand := lostComponents(t)
	require.Equal(t, stand, loaded)
	resolver.Plant(t, resolver.Faults{ForgetTold: true})
	loaded, stand = lostComponents(t)
	require.NotEqual(t, stand, loaded)
}
