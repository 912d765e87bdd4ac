package resolver_test

import (
	"encoding/hex"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

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
	leaf := h.events[slices.Max(slices.Collect(maps.Keys(h.events)))]
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

// Identifiers and profiles that were told of a lost state are told as they are; a name that nobody has any more is told to be gone.
func TestBroker_peopleToldOfALostState_areToldAgain(t *testing.T) {
	r := newRig(t)
	stop := r.start("1")
	const card, email = "2990001111111", "anne@example.fr"
	r.store(j("s1", "sale", noon, list(proved("card", card), proved("email", email)), euros(500)))
	own, other, ghost := r.id(identifier.Card, card), r.id(identifier.Email, email), r.id(identifier.Card, "2990009999999")
	r.eventually("the profile is told", func() bool { return r.profiles()[retail+"/"+own] != nil && r.place(other) == own+" clean" })
	stop()
	was := r.profiles()[retail+"/"+own]
	at := map[string]*eventpb.MapEntry{}
	for _, m := range topic[eventpb.MapEntry](r, stream.TopicIdentityMap) {
		at[m.GetName()] = m
	}
	number, err := r.cells.Count(t.Context(), "pv:"+space, 1)
	require.NoError(t, err)
	poorer, stranger := proto.CloneOf(was), proto.CloneOf(was)
	poorer.Version, poorer.Spend = uint64(number), nil
	stranger.Version, stranger.RcuId = uint64(number), ghost
	moved := &eventpb.MapEntry{Name: other, Canonical: ghost, Standing: "clean", Version: at[other].GetVersion() + 1000}
	records := []stream.Record{r.record(stream.TopicIdentityMap, other, moved)}
	records[0].Headers = append(records[0].Headers, stream.Header{Key: resolver.MapSpace, Value: []byte(space)}, stream.Header{Key: resolver.MapNamespace, Value: []byte("email")})
	for _, p := range []*eventpb.Profile{poorer, stranger} {
		records = append(records, r.record(stream.TopicProfiles, space+":"+retail+":"+p.GetRcuId(), p))
	}
	require.NoError(t, r.out.Publish(t.Context(), records))
	require.Equal(t, ghost+" clean", r.place(other), "subscribers see somebody else")
	require.Len(t, r.profiles(), 2)

	r.start("2")
	r.eventually("all is told as it is", func() bool {
		told := r.profiles()
		return r.place(other) == own+" clean" && len(told) == 1 && len(told[retail+"/"+own].GetSpend()) == 1
	})
}

func TestRecall_whereNothingWasLost_tellsNothing(t *testing.T) {
	for seed := range uint64(10) {
		h := newHistory(t, seed, 100)
		w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: seed, workers: 3, between: .05})
		w.run()
		told := func() (n int) {
			for _, topic := range []string{stream.TopicOwners, stream.TopicIdentityMap, stream.TopicProfiles} {
				n += len(w.log.topics[topic])
			}
			return n
		}
		before := told()
		by := w.start()
		w.now = w.now.Add(time.Minute) // the lease of the one before has run out
		require.NoError(t, by.look(t.Context()))
		require.Equal(t, before, told(), "seed %d", seed)
	}
}

// record makes a record that somebody has published.
func (r *rig) record(topic, key string, m proto.Message) stream.Record {
	r.t.Helper()
	rec, err := stream.Encode(topic, []byte(key), m, time.Now())
	require.NoError(r.t, err)
	return rec
}

// place is where the identity map says that a name stands: the entry with the highest version.
func (r *rig) place(name string) (says string) {
	version := uint64(0)
	for _, m := range topic[eventpb.MapEntry](r, stream.TopicIdentityMap) {
		if m.GetName() == name && m.GetVersion() >= version {
			version, says = m.GetVersion(), m.GetCanonical()+" "+m.GetStanding()
		}
	}
	return says
}
