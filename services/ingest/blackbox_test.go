package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
	"rcu/services/ingest"
)

// live is an ingestor on a port of its own, with a real broker and a real Redis.
type live struct {
	*rig
	client *stream.Client
	out    *stream.Producer
	state  *stateredis.Cells
	sealer *vault.Daily
	url    string
}

func newLive(t testing.TB, channel, redis string, brokers []string) *live {
	t.Helper()
	client, err := stream.Connect(stream.Config{Brokers: brokers}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.EnsureTopics(t.Context(), stream.Topics(2, 1)))
	prod, err := client.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = prod.Close(context.Background()) })
	state, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{redis}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = state.Close() })
	l := &live{client: client, out: prod, state: stateredis.NewCells(state)}
	l.rig = newRig(t, channel, func(c *ingest.Config, d *ingest.Deps) {
		ring, ok := d.Pseudonyms.(*vault.Keyring)
		require.True(t, ok)
		l.sealer = vault.NewDaily(ring, func(ctx context.Context, w *eventpb.WrappedKey) error {
			r, err := stream.Encode(stream.TopicKeys, vault.DailyRecordKey(w.GetId()), w, received)
			if err != nil {
				return err
			}
			r.Pinned = true
			return prod.Publish(ctx, []stream.Record{r})
		})
		d.Sealer = l.sealer
		d.Producer, d.Registers, d.Ready, d.Now = prod, l.state, client.Ping, nil
		c.ConsentRest = 100 * time.Millisecond
	})
	ctx, stop := context.WithCancel(context.Background())
	require.NoError(t, l.service.Listen(ctx))
	done := make(chan error, 1)
	go func() { done <- l.service.Run(ctx) }()
	t.Cleanup(func() { stop(); require.NoError(t, <-done) })
	l.url = "http://" + l.service.Addr()
	return l
}

func (l *live) post(source, body string) (int, ingest.Answer, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, l.url+"/v1/events", strings.NewReader(body))
	if err != nil {
		return 0, ingest.Answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+l.keys[source])
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, ingest.Answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, ingest.Answer{}, err
	}
	var a ingest.Answer
	return resp.StatusCode, a, json.Unmarshal(raw, &a)
}

// read counts what lies on a topic.
func (l *live) read(topic string) []stream.Record {
	l.t.Helper()
	n, err := l.client.Partitions(l.t.Context(), topic)
	require.NoError(l.t, err)
	var out []stream.Record
	for p := range n {
		require.NoError(l.t, l.client.ReadAll(l.t.Context(), topic, p, func(r stream.Record) error {
			r.Key, r.Value = bytes.Clone(r.Key), bytes.Clone(r.Value)
			out = append(out, r)
			return nil
		}))
	}
	return out
}

// load sends 800 events from 8 clients in batches of 20, and returns how many were accepted.
func (l *live) load(event func(int) string) int {
	l.t.Helper()
	var g errgroup.Group
	var mu sync.Mutex
	accepted := 0
	for w := range 8 {
		g.Go(func() error {
			for b := range 5 {
				var batch []string
				for i := range 20 {
					batch = append(batch, event(w*1000+b*20+i))
				}
				status, a, err := l.post("web-1", list(batch...))
				if err != nil || status != 200 {
					return fmt.Errorf("status %d: %w", status, err)
				}
				mu.Lock()
				accepted += a.Accepted
				mu.Unlock()
			}
			return nil
		})
	}
	require.NoError(l.t, g.Wait())
	return accepted
}

func ago(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339) }

func TestBlackBox_eventsConsentAndDeadLetters_onRealServers(t *testing.T) {
	l := newLive(t, "web", testkit.Redis(t), testkit.Kafka(t))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.url+"/readyz", http.NoBody)
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, 200, resp.StatusCode)

	order := func(i int) string {
		return fmt.Sprintf(`{"id":"o%d","type":"order.placed","occurred_at":%q,"identifiers":[{"namespace":"customer","value":"C%d"}],"traits":{"given_name":"Marie"},"data":{"total":{"amount":100,"currency":"EUR"}}}`, i, ago(time.Hour), i)
	}
	require.Equal(t, 800, l.load(order))
	events := l.read(stream.TopicEventsWeb)
	require.Len(t, events, 800)
	ids := map[string]bool{}
	for _, r := range events {
		e := &eventpb.Event{}
		require.NoError(t, r.Decode(e))
		ids[e.GetId()] = true
		require.NotContains(t, string(r.Value), "Marie")
	}
	require.Len(t, ids, 800)
	require.NotEmpty(t, l.read(stream.TopicKeys), "the daily key is stored")

	view := page("p1", "ck1", ago(time.Minute))
	for _, step := range []struct{ name, body, want string }{
		{"before any choice", view, "dropped:consent"},
		{"grant", decision("g", "cookie", "ck1", "unify_behaviour", "grant", ago(30*time.Minute)), "accepted"},
		{"under the grant", view, "accepted"},
		{"withdrawal", decision("d", "cookie", "ck1", "unify_behaviour", "withdraw", ago(time.Second)), "accepted"},
		{"after it", view, "dropped:consent"},
		{"bad event", `[{"id":"bad","type":"order.placed"}]`, "rejected:required"},
	} {
		status, a, err := l.post("web-1", step.body)
		require.NoError(t, err)
		require.Equal(t, 200, status)
		require.Equal(t, step.want, statuses(a), step.name)
	}
	for range 3 {
		status, _, err := l.post("web-1", list(order(1), `{"pad":"`+strings.Repeat("x", 10<<20)+`"}`))
		require.NoError(t, err)
		require.Equal(t, http.StatusRequestEntityTooLarge, status, "10 MB")
	}
	require.Len(t, l.read(stream.TopicEventsWeb), 801)
	require.Len(t, l.read(stream.TopicConsents), 2)
	require.Len(t, l.read(stream.TopicDeadLetter), 1)
}

func TestBlackBox_redisKilled_salesGoOn_fast(t *testing.T) {
	redis := testkit.RedisServer(t)
	l := newLive(t, "web", redis.Addr(), testkit.Kafka(t))
	order := func(i int) string {
		return fmt.Sprintf(`{"id":"o%d","type":"order.placed","occurred_at":%q,"identifiers":[{"namespace":"customer","value":"C1"},{"namespace":"cookie","value":"ck1"}],"data":{"total":{"amount":100,"currency":"EUR"}}}`, i, ago(time.Hour))
	}
	status, _, err := l.post("web-1", order(0))
	require.NoError(t, err)
	require.Equal(t, 200, status)
	redis.Kill()
	start := time.Now()
	for i := range 50 {
		status, a, err := l.post("web-1", order(i+1))
		require.NoError(t, err)
		require.Equal(t, 200, status)
		require.Equal(t, "accepted", statuses(a))
	}
	require.Less(t, time.Since(start), 10*time.Second)
	require.Len(t, l.read(stream.TopicEventsWeb), 51)
	status, _, err = l.post("web-1", decision("d", "cookie", "ck1", "unify_behaviour", "withdraw", ago(time.Second)))
	require.NoError(t, err)
	require.Equal(t, 503, status)
}

// BenchmarkLive is the whole of ingest over a socket into the embedded broker and a real Redis, 8 clients, batches of 50.
// The processor time is that of the test binary: client, ingestor and broker.
func BenchmarkLive(b *testing.B) {
	l := newLive(b, "store", testkit.Redis(b), testkit.Kafka(b))
	var events []string
	for i := range 50 {
		events = append(events, benchSale(i))
	}
	body := list(events...)
	start := cpu(b)
	n := 0
	for b.Loop() {
		var g errgroup.Group
		for range 8 {
			g.Go(func() error {
				status, _, err := l.post("store-1", body)
				if err == nil && status != 200 {
					err = fmt.Errorf("status %d", status)
				}
				return err
			})
		}
		require.NoError(b, g.Wait())
		n += 8 * 50
	}
	spent := cpu(b) - start
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(spent.Microseconds())/float64(n), "cpu-us/event")
}
