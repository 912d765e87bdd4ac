package resolver_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

// memoryPeople is the population of the measure: enough for buckets of small values to be as full as they are at work.
const memoryPeople = 2_000

// memoryBudget is what a person may take, in bytes.
const memoryBudget = 4_500.0

// population makes people of three identifiers (card, e-mail, cookie) and twenty events over 25 days: eight tickets, eight pages
// (three of them logged in), two orders, a call and a log-in, and one decision about browsing.
type population struct {
	t       *testing.T
	ring    *vault.Keyring
	daily   *vault.Daily
	decoder *event.Decoder
	service *resolver.Service
	now     time.Time
	offsets map[string]int64
	batch   []stream.Record
}

// personEvent is one of the twenty.
type personEvent struct {
	day     float64
	channel eventpb.Channel
	typ     string
	ids     func(n int) []map[string]any
	data    func(n int) map[string]any
}

func cardOf(n int) map[string]any { return proved("card", fmt.Sprintf("29900%08d", n)) }
func mailOf(n int) map[string]any { return is("email", fmt.Sprintf("person.%08d@example.com", n)) }
func ownMailOf(n int) map[string]any {
	return proved("email", fmt.Sprintf("person.%08d@example.com", n))
}
func cookieOf(n int) map[string]any { return proved("cookie", fmt.Sprintf("ck-%09d", n)) }

func twenty() []personEvent {
	store, web, desk := eventpb.Channel_CHANNEL_STORE, eventpb.Channel_CHANNEL_WEB, eventpb.Channel_CHANNEL_CALLCENTRE
	var out []personEvent
	for i := range 8 {
		out = append(out, personEvent{0.5 + 3.1*float64(i), store, "sale", func(n int) []map[string]any {
			ids := list(cardOf(n), is("ticket", fmt.Sprintf("paris-1/2026/%06d%02d", n, i)))
			if i%4 == 1 {
				ids = append(ids, mailOf(n))
			}
			return ids
		}, func(n int) map[string]any { return euros(900 + 137*(n%70) + 1000*i) }})
		out = append(out, personEvent{0.2 + 3*float64(i), web, "page.viewed", func(n int) []map[string]any {
			if i%3 == 2 || i == 7 {
				return list(cookieOf(n), ownMailOf(n))
			}
			return list(cookieOf(n))
		}, func(n int) map[string]any {
			return map[string]any{"path": "/c", "kind": []string{"category", "home"}[n%2]}
		}})
	}
	for i := range 2 {
		out = append(out, personEvent{8.3 + 9*float64(i), web, "order.placed", func(n int) []map[string]any {
			return list(ownMailOf(n), cookieOf(n), is("order", fmt.Sprintf("W%07d%d", n, i)))
		}, func(n int) map[string]any { m := euros(4900 + 100*(n%50)); m["fulfilment"] = "ship"; return m }})
	}
	out = append(out, personEvent{12.1, desk, "call.ended", func(n int) []map[string]any {
		return list(mailOf(n), is("call", fmt.Sprintf("K%08d", n)))
	}, func(n int) map[string]any {
		return map[string]any{"duration_seconds": 60 + n%300, "outcome": "answered", "topic": "delivery"}
	}})
	out = append(out, personEvent{8.2, web, "account.logged_in", func(n int) []map[string]any {
		return list(ownMailOf(n), cookieOf(n))
	}, func(int) map[string]any { return map[string]any{"method": "password"} }})
	slices.SortStableFunc(out, func(a, b personEvent) int { return int((a.day - b.day) * 1000) })
	return out
}

func newPopulation(t *testing.T, cells resolve.Cells, state resolve.GraphState, out output) *population {
	t.Helper()
	p := &population{t: t, offsets: map[string]int64{}, now: today}
	p.ring = ringOf(t, 7)
	var err error
	p.decoder, err = event.NewDecoder(schemas.Files)
	require.NoError(t, err)
	p.daily = vault.NewDaily(p.ring, func(_ context.Context, w *eventpb.WrappedKey) error { return p.service.Learn(proto.CloneOf(w)) })
	graph, err := resolve.NewGraph(state, identity.DefaultRules())
	require.NoError(t, err)
	cfg := resolver.Default()
	cfg.Spaces, cfg.Instance, cfg.MaxPending = []string{space}, "1", 10_000_000
	p.service = resolver.Assemble(cfg, resolver.Deps{
		Log: zap.NewNop(), Metrics: prometheus.NewRegistry(), Graph: graph, Cells: cells, Keyring: p.ring, Now: func() time.Time { return p.now },
	}, out)
	return p
}

// output takes what a resolver publishes.
type output interface {
	PublishAll(ctx context.Context, records []stream.Record) error
}

// discard is an output that forgets.
type discard struct{}

func (discard) PublishAll(context.Context, []stream.Record) error { return nil }

// live lets everybody live through the twenty events, in the order of time, and publishes what there is at the end of each day.
func (p *population) live(people int) {
	p.t.Helper()
	start := today.AddDate(0, 0, -25)
	for n := range people {
		p.decide(n, start)
	}
	p.resolve(stream.TopicConsents)
	for _, e := range twenty() {
		for n := range people {
			at := start.Add(time.Duration(e.day*24*float64(time.Hour)) + time.Duration(n)*7*time.Second)
			p.send(j(fmt.Sprintf("%s-%d-%d", e.typ, n, int(e.day*10)), e.typ, at.Format(time.RFC3339Nano), e.ids(n), e.data(n)), e.channel, at.Add(time.Second), start.Unix())
			if len(p.batch) == 1000 {
				p.resolve(topicOf(e.channel))
			}
		}
		p.resolve(topicOf(e.channel))
		require.NoError(p.t, p.service.Drain(p.t.Context(), space))
		require.NoError(p.t, p.service.Flush(p.t.Context()))
	}
}

func topicOf(c eventpb.Channel) string {
	switch c {
	case eventpb.Channel_CHANNEL_WEB:
		return stream.TopicEventsWeb
	case eventpb.Channel_CHANNEL_CALLCENTRE:
		return stream.TopicEventsCallcentre
	default:
		return stream.TopicEventsStore
	}
}

func (p *population) decide(n int, at time.Time) {
	cookie := cookieOf(n)
	p.send(marshal(map[string]any{
		"id": fmt.Sprintf("grant-%d", n), "type": "consent.decided", "occurred_at": at.Format(time.RFC3339), "identifiers": list(cookie),
		"consent": list(map[string]any{
			"point": is("cookie", cookie["value"].(string)), "purpose": "unify_behaviour", "decision": "grant", "method": "affirmative", //nolint:forcetypeassert // made above
			"act": "banner", "notice": map[string]any{"id": "n1", "version": "1", "language": "fr"},
		}),
	}), eventpb.Channel_CHANNEL_WEB, at, 0)
}

func (p *population) send(raw string, channel eventpb.Channel, received time.Time, granted int64) {
	p.t.Helper()
	d, rejection := p.decoder.Decode([]byte(raw), origin(channel, retail), received)
	require.Nil(p.t, rejection, "%s %+v", raw, rejection)
	d.Pseudonymise(p.ring)
	e, personal, decisions := d.Stamp(p.ring, func(k identifier.Key) int64 {
		if k.Namespace == identifier.Cookie {
			return granted
		}
		return 0
	})
	for _, x := range decisions {
		p.append(stream.TopicConsents, x, received)
	}
	if e == nil {
		return
	}
	if personal != nil {
		plain, err := proto.Marshal(personal)
		require.NoError(p.t, err)
		e.Personal, err = p.daily.Seal(p.t.Context(), retail, received, plain)
		require.NoError(p.t, err)
	}
	p.append(topicOf(channel), e, received)
}

func (p *population) append(topic string, m proto.Message, at time.Time) {
	r, err := stream.Encode(topic, nil, m, at)
	require.NoError(p.t, err)
	r.Offset = p.offsets[topic]
	p.offsets[topic]++
	p.batch = append(p.batch, r)
}

func (p *population) resolve(topic string) {
	p.t.Helper()
	require.NoError(p.t, p.service.Resolve(p.t.Context(), stream.Batch{Topic: topic, LogID: stream.LogID{1}, Records: p.batch}))
	p.batch = nil
}

// TestMemory measures what Redis takes for a person of three identifiers and twenty events, by kind of key (ADRs 16, 45). -v prints the table.
func TestMemory(t *testing.T) {
	testkit.Long(t)
	addr := testkit.Redis(t)
	client, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{addr}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	_, empty := testkit.RedisMemory(t, addr, testkit.PrefixKind)
	p := newPopulation(t, stateredis.NewCells(client), stateredis.NewGraph(client), discard{})
	p.live(memoryPeople)
	kinds, used := testkit.RedisMemory(t, addr, testkit.PrefixKind)
	var total int64
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		k := kinds[kind]
		total += k.Bytes
		t.Logf("%-6s %7d keys %5d bytes a key %6.1f bytes a person", kind, k.Keys, k.Bytes/int64(k.Keys), float64(k.Bytes)/memoryPeople)
	}
	t.Logf("all %6.1f bytes a person, used_memory %6.1f", float64(total)/memoryPeople, float64(used-empty)/memoryPeople)
	require.Less(t, float64(total)/memoryPeople, memoryBudget)
}
