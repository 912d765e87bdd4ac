package rebuild_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/rebuild"
	"rcu/services/resolver"
)

const (
	space  = "maison"
	retail = "maison-retail"
)

// installation is a broker with what a resolver made of made-up people, and the Redis that it filled.
type installation struct {
	t       *testing.T
	client  *stream.Client
	out     *stream.Producer
	ring    *vault.Keyring
	daily   *vault.Daily
	decoder *event.Decoder
	redis   *stateredis.Client
	batch   []stream.Record
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	client, err := stream.Connect(stream.Config{Brokers: []string{testkit.KafkaBroker(t).Addr()}}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.EnsureTopics(t.Context(), stream.Topics(4, 1)))
	out, err := client.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = out.Close(context.Background()) })
	i := &installation{t: t, client: client, out: out, redis: openRedis(t)}
	i.ring, _, err = vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys"))
	require.NoError(t, err)
	i.decoder, err = event.NewDecoder(schemas.Files)
	require.NoError(t, err)
	i.daily = vault.NewDaily(i.ring, func(ctx context.Context, w *eventpb.WrappedKey) error {
		r, err := stream.Encode(stream.TopicKeys, vault.DailyRecordKey(w.GetId()), proto.CloneOf(w), time.Now())
		require.NoError(t, err)
		r.Pinned = true
		return out.Publish(ctx, []stream.Record{r})
	})
	return i
}

// openRedis gives an empty Redis of the test's own.
func openRedis(t *testing.T) *stateredis.Client {
	t.Helper()
	c, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{testkit.RedisServer(t).Addr()}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// live sends what people do, and has a resolver make of it what it makes.
func (i *installation) live(people int) {
	i.t.Helper()
	for n := range people {
		i.person(n)
		if len(i.batch) > 500 {
			i.publish()
		}
	}
	i.publish()
	i.resolved()
}

func (i *installation) publish() {
	i.t.Helper()
	require.NoError(i.t, i.out.PublishAll(i.t.Context(), i.batch))
	i.batch = nil
}

// resolved runs a resolver until nothing lags, which is when everything is on its changelogs.
func (i *installation) resolved() {
	i.t.Helper()
	graph, err := resolve.NewGraph(stateredis.NewGraph(i.redis), identity.DefaultRules())
	require.NoError(i.t, err)
	cfg := resolver.Default()
	cfg.Spaces, cfg.Instance = []string{space}, "1"
	cfg.HoldBack, cfg.PublishEvery, cfg.OutboxEvery = 0, 50*time.Millisecond, 10*time.Millisecond
	s, err := resolver.New(cfg, resolver.Deps{
		Log: zap.NewNop(), Metrics: prometheus.NewRegistry(), Stream: i.client, Output: i.out, Graph: graph,
		Cells: stateredis.NewCells(i.redis), Markers: stateredis.NewMarkers(i.redis), Keyring: i.ring,
	})
	require.NoError(i.t, err)
	ctx, cancel := context.WithCancel(i.t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	require.Eventually(i.t, func() bool {
		lags, err := i.client.Lag(ctx, cfg.Group, resolver.Topics()...)
		return err == nil && len(lags) > 0 && !slices.ContainsFunc(lags, func(l stream.PartitionLag) bool { return l.Lag() > 0 })
	}, 3*time.Minute, 50*time.Millisecond, "everything is resolved")
	cancel()
	require.NoError(i.t, <-done)
}

// person buys in a store and on the web, and looks around there: some under a grant, some with somebody else's e-mail.
func (i *installation) person(n int) {
	at := time.Now().Add(-time.Hour).Truncate(time.Second)
	card, cookie := known("card", fmt.Sprintf("29900%08d", n)), known("cookie", fmt.Sprintf("ck-%09d", n))
	mail := known("email", fmt.Sprintf("p%d@example.com", n))
	i.event("sale", fmt.Sprintf("s-%d", n), at, euros(900+n%70), "Marie", card, alias("ticket", fmt.Sprintf("paris-1/%08d", n)), alias("email", fmt.Sprintf("p%d@example.com", n-n%10/9)))
	i.event("order.placed", fmt.Sprintf("o-%d", n), at.Add(time.Minute), euros(4900), "", mail, cookie, alias("order", fmt.Sprintf("W%08d", n)))
	if n%4 == 1 { // told by the number of the order alone: whose it is, the register of the number says
		i.event("order.state_changed", fmt.Sprintf("r-%d", n), at.Add(2*time.Minute), map[string]any{"state": "shipped"}, "", alias("order", fmt.Sprintf("W%08d", n)))
	}
	if n%3 == 0 {
		i.grant(n, at.Add(-time.Hour), cookie)
		i.event("page.viewed", fmt.Sprintf("v-%d", n), at, map[string]any{"path": "/c", "kind": "home"}, "", cookie, mail)
	}
}

func known(ns, value string) map[string]any {
	return map[string]any{"namespace": ns, "value": value, "proved": true}
}

func alias(ns, value string) map[string]any { return map[string]any{"namespace": ns, "value": value} }

func euros(minor int) map[string]any {
	return map[string]any{"total": map[string]any{"amount": minor, "currency": "EUR"}}
}

func (i *installation) grant(n int, at time.Time, cookie map[string]any) {
	i.send(eventpb.Channel_CHANNEL_WEB, map[string]any{
		"id": fmt.Sprintf("g-%d", n), "type": "consent.decided", "occurred_at": at, "identifiers": []any{cookie},
		"consent": []any{map[string]any{
			"point": alias("cookie", fmt.Sprint(cookie["value"])), "purpose": "unify_behaviour", "decision": "grant", "method": "affirmative",
			"act": "banner", "notice": map[string]any{"id": "n1", "version": "1", "language": "fr"},
		}},
	})
}

func (i *installation) event(kind, id string, at time.Time, data map[string]any, name string, ids ...any) {
	channel := eventpb.Channel_CHANNEL_WEB
	if kind == "sale" {
		channel = eventpb.Channel_CHANNEL_STORE
	}
	e := map[string]any{"id": id, "type": kind, "occurred_at": at, "identifiers": ids, "data": data}
	if name != "" {
		e["traits"] = map[string]any{"given_name": name}
	}
	i.send(channel, e)
}

// send stamps and seals an event as an ingestor does. Everybody with a cookie has granted.
func (i *installation) send(channel eventpb.Channel, e map[string]any) {
	i.t.Helper()
	raw, err := json.Marshal(e)
	require.NoError(i.t, err)
	now := time.Now()
	trust := map[eventpb.Channel]eventpb.Trust{eventpb.Channel_CHANNEL_STORE: eventpb.Trust_TRUST_STATED, eventpb.Channel_CHANNEL_WEB: eventpb.Trust_TRUST_SELF}[channel]
	d, no := i.decoder.Decode(raw, &event.Origin{
		Space: space, Controller: retail, Source: event.ChannelName(channel) + "-1", Channel: channel, Brand: "maison", Store: "paris-1",
		Zone: time.UTC, Country: "FR", Currency: "EUR", Trust: trust,
	}, now)
	require.Nil(i.t, no, "%+v", no)
	d.Pseudonymise(i.ring)
	stamped, personal, decisions := d.Stamp(i.ring, func(k identifier.Key) int64 {
		if k.Namespace == identifier.Cookie {
			return now.Add(-2 * time.Hour).Unix()
		}
		return 0
	})
	for _, x := range decisions {
		i.put(stream.TopicConsents, x.GetPoint().GetPseudonym(), x, now)
	}
	if stamped == nil {
		return
	}
	if personal != nil {
		plain, err := proto.Marshal(personal)
		require.NoError(i.t, err)
		stamped.Personal, err = i.daily.Seal(i.t.Context(), retail, now, plain)
		require.NoError(i.t, err)
	}
	topic := stream.TopicEventsWeb
	if channel == eventpb.Channel_CHANNEL_STORE {
		topic = stream.TopicEventsStore
	}
	i.put(topic, stamped.GetLeafKey(), stamped, now)
}

func (i *installation) put(topic string, key []byte, m proto.Message, at time.Time) {
	i.t.Helper()
	r, err := stream.Encode(topic, key, m, at)
	require.NoError(i.t, err)
	i.batch = append(i.batch, r)
}

// rebuild fills a Redis from the broker, in small steps.
func (i *installation) rebuild(ctx context.Context, r *stateredis.Client, progress func(string, int64, int64)) (rebuild.Report, error) {
	return rebuild.Redis(ctx, rebuild.Config{Progress: progress, Records: 20}, rebuild.Deps{Stream: i.client, Redis: r})
}

// survey sums a Redis by kind, and refuses keys of no kind.
func survey(t *testing.T, r *stateredis.Client) map[string]string {
	t.Helper()
	sums, err := r.Survey(t.Context(), nil)
	require.NoError(t, err)
	require.NotContains(t, sums, "", "keys of no kind")
	out := map[string]string{}
	for _, kind := range stateredis.Compared() {
		if s := sums[kind]; s.Values > 0 {
			out[kind] = fmt.Sprintf("%d %s", s.Values, s.Text())
		}
	}
	return out
}

// answers are the combined profiles of people by their cards, as bytes.
func (i *installation) answers(r *stateredis.Client, people []int) []string {
	i.t.Helper()
	graph, err := resolve.NewGraph(stateredis.NewGraph(r), identity.DefaultRules())
	require.NoError(i.t, err)
	reader := resolve.NewReader(graph, stateredis.NewCells(r))
	var out []string
	for some := range slices.Chunk(people, 500) {
		keys := make([]identifier.Key, len(some))
		for n, person := range some {
			keys[n] = identifier.KeyOf(identifier.Card, i.ring.Pseudonym(space, identifier.Card, fmt.Sprintf("29900%08d", person)))
		}
		found, err := reader.People(i.t.Context(), space, keys, time.Now().Unix())
		require.NoError(i.t, err)
		for _, p := range found {
			out = append(out, i.answer(p))
		}
	}
	return out
}

func (i *installation) answer(p *resolve.Person) string {
	i.t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "%x %x", p.Canonical.Value, p.Members)
	for _, controller := range slices.Sorted(maps.Keys(p.Controllers())) {
		combined := profile.Combine(p.Owned(controller))
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(combined.Message(profile.About{Space: space, Controller: controller}))
		require.NoError(i.t, err)
		fmt.Fprintf(&text, " %s %x", controller, raw)
	}
	return text.String()
}
