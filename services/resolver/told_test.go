package resolver_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/demo"
	"rcu/services/resolver"
)

// untold counts the records that say of a name that it is gone, and those of names that nobody had been told of.
func untold(all []*eventpb.Profile) (gone, never int) {
	told := map[string]bool{}
	for _, p := range all {
		key := p.GetController() + "/" + p.GetRcuId()
		if !p.GetGone() {
			told[key] = true
			continue
		}
		if gone++; !told[key] {
			never++
		}
	}
	return gone, never
}

// keepProfiles is an output that keeps what is told of profiles.
type keepProfiles struct {
	mu      sync.Mutex
	records []stream.Record
}

func (k *keepProfiles) PublishAll(_ context.Context, records []stream.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, r := range records {
		if r.Topic == stream.TopicProfiles {
			k.records = append(k.records, r)
		}
	}
	return nil
}

var channels = map[string]eventpb.Channel{
	demo.Store: eventpb.Channel_CHANNEL_STORE, demo.Web: eventpb.Channel_CHANNEL_WEB, demo.Mobile: eventpb.Channel_CHANNEL_MOBILE, demo.CallCentre: eventpb.Channel_CHANNEL_CALLCENTRE,
}

// visit gives the events of a generator to a resolver as an ingestor does that knows who granted browsing, and publishes after every step of them.
func (p *population) visit(step int, next func() (demo.Event, bool)) {
	p.t.Helper()
	sources, grants, n := map[string]demo.Source{}, map[identifier.Key]int64{}, 0
	for _, s := range demo.Sources() {
		sources[s.Name] = s
	}
	for e, ok := next(); ok; e, ok = next() {
		from := origin(channels[e.Channel], sources[e.Source].Controller)
		from.Source = e.Source
		d, rejection := p.decoder.Decode(e.JSON, from, e.At)
		require.Nil(p.t, rejection, "%s %+v", e.JSON, rejection)
		d.Pseudonymise(p.ring)
		granted := false
		made, personal, decisions := d.Stamp(p.ring, func(k identifier.Key) int64 { granted = granted || grants[k] > 0; return grants[k] })
		for _, x := range decisions {
			if x.GetPurpose() == "unify_behaviour" {
				k := identifier.Key{Namespace: identifier.Namespace(x.GetPoint().GetNamespace()), Value: string(x.GetPoint().GetPseudonym())}
				grants[k] = map[bool]int64{true: x.GetDecidedAt()}[x.GetDecision() == "grant"]
			}
			p.append(stream.TopicConsents, x, e.At)
			p.resolve(stream.TopicConsents)
		}
		if made == nil || d.Behaviour() && !granted {
			continue
		}
		if personal != nil {
			plain, err := proto.Marshal(personal)
			require.NoError(p.t, err)
			made.Personal, err = p.daily.Seal(p.t.Context(), from.Controller, e.At, plain)
			require.NoError(p.t, err)
		}
		p.append(topicOf(channels[e.Channel]), made, e.At)
		p.resolve(topicOf(channels[e.Channel]))
		if n++; n%step == 0 {
			p.publish()
		}
	}
	p.publish()
}

func (p *population) publish() {
	require.NoError(p.t, p.service.Drain(p.t.Context(), space))
	require.NoError(p.t, p.service.Flush(p.t.Context()))
}

// loadOf gives so many events of the demonstration's load, after the grants of its people.
func loadOf(people, events int) func() (demo.Event, bool) {
	l := demo.NewLoad(demo.LoadConfig{Seed: 1, People: people, Start: today.AddDate(0, 0, -1)})
	grants := l.Grants(people / 4)
	return func() (demo.Event, bool) {
		if len(grants) > 0 {
			e := grants[0]
			grants = grants[1:]
			return e, true
		}
		events--
		return l.Next(), events >= 0
	}
}

// toldOf resolves so many events of the load, publishes after every step of them, and returns how many profiles were told, how many of those
// were names that are gone, and how many of those nobody had been told of.
func toldOf(t *testing.T, next func() (demo.Event, bool), step int) (all, gone, never int) {
	t.Helper()
	out := &keepProfiles{}
	p := newPopulation(t, statemem.NewCells(), statemem.NewGraph(), out)
	p.visit(step, next)
	told := messages[eventpb.Profile](t, out.records)
	gone, never = untold(told)
	return len(told), gone, never
}

// TestTold_fewNamesThatNobodyKnew: a name is told to be gone where it may have been told. What is left are names that changed before they went out.
func TestTold_fewNamesThatNobodyKnew(t *testing.T) {
	all, gone, never := toldOf(t, loadOf(300, 1500), 100)
	t.Logf("%d records, %d of names that are gone, %d of them never told", all, gone, never)
	require.Positive(t, gone)
	require.Less(t, never, all/100)
	resolver.Plant(t, resolver.Faults{ToldAlways: true})
	more, _, never := toldOf(t, loadOf(300, 1500), 100)
	t.Logf("%d records, %d never told, as it was", more, never)
	require.Greater(t, never, all/50)
}

// TestToldLong_figures prints what is told of the demonstration's people and of its load.
func TestToldLong_figures(t *testing.T) {
	testkit.Long(t)
	for _, was := range []bool{true, false} {
		resolver.Plant(t, resolver.Faults{ToldAlways: was})
		for _, step := range []int{100, 1000} {
			history, err := demo.New(demo.Default())
			require.NoError(t, err)
			all, gone, never := toldOf(t, history.Next, step)
			t.Logf("as it was %t, demonstration, published every %d events: %d records, %d gone, %d never told", was, step, all, gone, never)
			all, gone, never = toldOf(t, loadOf(1000, 5000), step)
			t.Logf("as it was %t, load, published every %d events: %d records, %d gone, %d never told", was, step, all, gone, never)
		}
	}
}

// TestTold_aNameThatStoodAlone: an e-mail that was a profile by itself, without a record of the graph, is told to be gone once it belongs to a card.
func TestTold_aNameThatStoodAlone(t *testing.T) {
	h := historyOf(t, 1, func(m *maker) {
		m.send(j("w1", "order.placed", noon, list(is("email", "alone@example.fr"), is("order", "w1")), euros(1000)), eventpb.Channel_CHANNEL_WEB, retail)
		m.send(j("s1", "sale", noon, list(proved("card", "2990001111111"), proved("email", "alone@example.fr")), euros(500)), eventpb.Channel_CHANNEL_STORE, retail)
	})
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	by := w.workers[0]
	for _, topic := range []string{stream.TopicEventsWeb, stream.TopicEventsStore, stream.TopicEventsHistory} {
		for _, p := range h.places {
			for x := w.positions[p]; p.topic == topic && x.next < int64(len(h.records[p])); {
				w.read(p)
				require.NoError(t, by.service.Flush(t.Context()))
				require.NoError(t, by.look(t.Context()))
				require.NoError(t, by.service.Flush(t.Context()))
			}
		}
	}
	w.finish()
	gone := map[string]int{}
	for _, p := range messages[eventpb.Profile](t, w.log.topics[stream.TopicProfiles]) {
		if p.GetGone() {
			gone[p.GetRcuId()]++
		}
	}
	require.Equal(t, 1, gone[h.ring.Name(space, h.ring.Pseudonym(space, identifier.Email, "alone@example.fr"))])
	require.Empty(t, w.broken(cleanRun(t, h)))
}

// TestTold_namesThatAreGoneAreMissed: where no name was told to be gone because a leaf moved, profiles of nobody would stay.
func TestTold_namesThatAreGoneAreMissed(t *testing.T) {
	resolver.Plant(t, resolver.Faults{ToldNever: true})
	for seed := range uint64(200) {
		cfg := worldConfig{seed: seed, workers: 3, between: .05}
		if broken := cfg.run(t, 60, statemem.NewCells(), statemem.NewGraph()); len(broken) > 0 {
			t.Logf("seed %d: %s", seed, broken[0])
			return
		}
	}
	t.Fatal("no law breaks")
}
