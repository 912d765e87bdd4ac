package interrupted_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/embedded"
	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	"rcu/pkg/warehouse"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
	"rcu/services/sink"
)

const (
	space      = "maison"
	controller = "maison-retail"
	people     = 7
	patience   = 30 * time.Second
)

// installation is the servers, and what was sent through them.
type installation struct {
	t       *testing.T
	client  *stream.Client
	out     *stream.Producer
	redis   string
	store   *warehouse.Warehouse
	ring    *vault.Keyring
	daily   *vault.Daily
	decoder *event.Decoder
	refuses atomic.Bool // commits of offsets

	lives int
	sent  int
	sales [people]int64 // amounts by person
	count [people]int64
}

func install(t *testing.T) *installation {
	t.Helper()
	x := &installation{t: t, redis: testkit.Redis(t)}
	wc, err := warehouse.ParseURL(testkit.ClickHouse(t))
	require.NoError(t, err)
	x.store, err = warehouse.Open(wc)
	require.NoError(t, err)
	t.Cleanup(func() { _ = x.store.Close() })
	require.NoError(t, x.store.Migrate(t.Context()))

	broker := testkit.KafkaBroker(t)
	x.refuseCommits(broker)
	cfg := stream.DefaultConfig()
	cfg.Brokers = []string{broker.Addr()}
	x.client, err = stream.Connect(cfg, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(x.client.Close)
	require.NoError(t, x.client.EnsureTopics(t.Context(), stream.Topics(2, 1)))
	_, err = x.client.LogID(t.Context())
	require.NoError(t, err)
	x.out, err = x.client.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = x.out.Close(context.WithoutCancel(t.Context())) })

	x.ring, _, err = vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys"))
	require.NoError(t, err)
	x.decoder, err = event.NewDecoder(schemas.Files)
	require.NoError(t, err)
	x.daily = vault.NewDaily(x.ring, func(ctx context.Context, w *eventpb.WrappedKey) error {
		rec, err := stream.Encode(stream.TopicKeys, vault.DailyRecordKey(w.GetId()), proto.CloneOf(w), time.Now())
		require.NoError(t, err)
		rec.Pinned = true
		return x.out.Publish(ctx, []stream.Record{rec})
	})
	return x
}

// refuseCommits has the broker answer commits with an error while refuses is set.
func (x *installation) refuseCommits(broker *embedded.Broker) {
	const notAvailable = 15 // COORDINATOR_NOT_AVAILABLE
	cluster := broker.Cluster()
	cluster.ControlKey(int16(kmsg.OffsetCommit), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		commit, ok := req.(*kmsg.OffsetCommitRequest)
		if !ok || !x.refuses.Load() {
			return nil, nil, false
		}
		answer := commit.ResponseKind().(*kmsg.OffsetCommitResponse)
		for _, topic := range commit.Topics {
			to := kmsg.NewOffsetCommitResponseTopic()
			to.Topic = topic.Topic
			for _, part := range topic.Partitions {
				p := kmsg.NewOffsetCommitResponseTopicPartition()
				p.Partition, p.ErrorCode = part.Partition, notAvailable
				to.Partitions = append(to.Partitions, p)
			}
			answer.Topics = append(answer.Topics, to)
		}
		return answer, nil, true
	})
}

// life is that of one resolver and one sink.
type life struct {
	redis  *stateredis.Client
	cancel context.CancelFunc
	ended  []chan struct{}
}

func (x *installation) live() *life {
	x.t.Helper()
	x.lives++
	redis, err := stateredis.Open(x.t.Context(), stateredis.Config{Addrs: []string{x.redis}})
	require.NoError(x.t, err)
	graph, err := resolve.NewGraph(stateredis.NewGraph(redis), identity.DefaultRules())
	require.NoError(x.t, err)
	rc := resolver.Default()
	rc.Spaces, rc.Instance = []string{space}, fmt.Sprint(x.lives)
	rc.HoldBack, rc.PublishEvery, rc.OutboxEvery, rc.Lease = 0, 20*time.Millisecond, 10*time.Millisecond, 200*time.Millisecond
	r, err := resolver.New(rc, resolver.Deps{
		Log: zap.NewNop(), Metrics: prometheus.NewRegistry(), Stream: x.client, Output: x.out, Graph: graph,
		Cells: stateredis.NewCells(redis), Markers: stateredis.NewMarkers(redis), Keyring: x.ring,
	})
	require.NoError(x.t, err)
	sc := sink.Default()
	sc.FlushEvery, sc.ReloadEvery = 20*time.Millisecond, 100*time.Millisecond
	s, err := sink.New(sc, sink.Deps{Log: zap.NewNop(), Metrics: prometheus.NewRegistry(), Stream: x.client, Output: x.out, Store: x.store})
	require.NoError(x.t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(x.t.Context()))
	l := &life{redis: redis, cancel: cancel}
	for _, run := range []func(context.Context) error{r.Run, s.Run} {
		ended := make(chan struct{})
		l.ended = append(l.ended, ended)
		go func() {
			defer close(ended)
			_ = run(ctx) // what a stop would still write fails, as it should
		}()
	}
	x.t.Cleanup(l.end)
	return l
}

// end is no clean stop: Redis is away first, so nothing of the last flush comes out.
func (l *life) end() {
	_ = l.redis.Close()
	l.cancel()
	for _, ended := range l.ended {
		<-ended
	}
}

// send publishes sales as an ingestor does, of one person after the other.
func (x *installation) send(n int) {
	x.t.Helper()
	zone := time.UTC
	origin := &event.Origin{
		Space: space, Controller: controller, Source: "till-1", Channel: eventpb.Channel_CHANNEL_STORE, Brand: "maison", Store: "paris-1",
		Zone: zone, Country: "FR", Currency: "EUR", Trust: eventpb.Trust_TRUST_STATED,
	}
	var records []stream.Record
	for range n {
		who, amount, now := x.sent%people, int64(100+x.sent), time.Now()
		raw, err := json.Marshal(map[string]any{
			"id": fmt.Sprintf("e%d", x.sent), "type": "sale", "occurred_at": "2026-03-14T12:00:00Z",
			"identifiers": []any{map[string]any{"namespace": "card", "value": card(who), "proved": true}},
			"data": map[string]any{
				"total": map[string]any{"amount": amount, "currency": "EUR"},
				"lines": []any{map[string]any{"sku": "A1", "quantity": 1, "amount": amount}},
			},
		})
		require.NoError(x.t, err)
		draft, refused := x.decoder.Decode(raw, origin, now)
		require.Nil(x.t, refused)
		draft.Pseudonymise(x.ring)
		e, personal, _ := draft.Stamp(x.ring, func(identifier.Key) int64 { return 0 })
		if personal != nil {
			plain, err := proto.Marshal(personal)
			require.NoError(x.t, err)
			e.Personal, err = x.daily.Seal(x.t.Context(), controller, now, plain)
			require.NoError(x.t, err)
		}
		record, err := stream.Encode(stream.TopicEventsStore, e.GetLeafKey(), e, now)
		require.NoError(x.t, err)
		records = append(records, record)
		x.sent++
		x.sales[who] += amount
		x.count[who]++
	}
	require.NoError(x.t, x.out.PublishAll(x.t.Context(), records))
}

func card(who int) string { return fmt.Sprintf("29900000000%02d", who) }
