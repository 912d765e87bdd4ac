package stream_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"rcu/pkg/embedded"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

// rig is a broker and a client of it.
type rig struct {
	t      testing.TB
	addr   string
	suffix string           // of names; empty on a broker of the test's own
	broker *embedded.Broker // nil on a broker that is shared
	client *stream.Client
	reg    *prometheus.Registry
}

// newRig starts a broker of the test's own, and looks at the end for goroutines that are left.
func newRig(t testing.TB) *rig {
	t.Helper()
	checkLeaks(t)
	return ownRig(t)
}

// ownRig starts a broker of the test's own.
func ownRig(t testing.TB) *rig {
	t.Helper()
	broker := testkit.KafkaBroker(t)
	r := &rig{t: t, broker: broker, addr: broker.Addr(), reg: prometheus.NewRegistry()}
	r.client = r.connect(r.addr, r.reg)
	return r
}

// checkLeaks checks at the end that no goroutine of a client is left.
func checkLeaks(t testing.TB) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		var err error
		deadline := time.Now().Add(10 * time.Second) // a fetch that waits for records at a shared broker ends by itself
		for err = goleak.Find(before); err != nil && time.Now().Before(deadline); {
			err = goleak.Find(before)
		}
		require.NoError(t, err)
	})
}

func (r *rig) config() stream.Config { return stream.Config{Brokers: []string{r.addr}, Partitions: 4} }

func (r *rig) connect(addr string, reg prometheus.Registerer) *stream.Client {
	r.t.Helper()
	cfg := r.config()
	cfg.Brokers = []string{addr}
	c, err := stream.Connect(cfg, stream.Deps{Log: quiet(r.t), Metrics: reg})
	require.NoError(r.t, err)
	r.t.Cleanup(c.Close)
	require.NoError(r.t, c.Wait(r.t.Context()))
	return c
}

// topics makes rcu.meta and the named topics with 4 partitions each.
func (r *rig) topics(names ...string) {
	r.t.Helper()
	topics := []stream.Topic{{Name: stream.TopicMeta, Partitions: 1, Replication: 1, Policy: stream.PolicyCompact}}
	for _, n := range names {
		topics = append(topics, stream.Topic{Name: n, Partitions: 4, Replication: 1, Policy: stream.PolicyDelete})
	}
	require.NoError(r.t, r.client.EnsureTopics(r.t.Context(), topics))
}

func (r *rig) producer(cfg stream.ProducerConfig) *stream.Producer {
	r.t.Helper()
	p, err := r.client.NewProducer(cfg)
	require.NoError(r.t, err)
	r.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = p.Close(ctx)
	})
	return p
}

// consume runs a consumer until stop is called.
func (r *rig) consume(cfg stream.ConsumerConfig, h stream.Handler) (c *stream.Consumer, stop func() error) {
	return r.consumeWith(r.client, cfg, h)
}

func (r *rig) consumeWith(client *stream.Client, cfg stream.ConsumerConfig, h stream.Handler) (*stream.Consumer, func() error) {
	r.t.Helper()
	if cfg.FetchWait == 0 {
		cfg.FetchWait = 50 * time.Millisecond
	}
	if cfg.CommitEvery == 0 {
		cfg.CommitEvery = 50 * time.Millisecond
	}
	if cfg.SessionTimeout == 0 {
		cfg.SessionTimeout = 6 * time.Second
	}
	c, err := client.NewConsumer(cfg, h)
	require.NoError(r.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stop := sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	r.t.Cleanup(func() { _ = stop() })
	return c, stop
}

// eventually polls until the condition holds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	require.Eventually(t, ok, 30*time.Second, 5*time.Millisecond, what)
}

// rec makes a record whose value is a number.
func rec(topic, key string, n int) stream.Record {
	return stream.Record{
		Topic: topic, Key: []byte(key), Value: binary.BigEndian.AppendUint64(nil, uint64(n)),
		Time: time.UnixMilli(1_760_000_000_000 + int64(n)).UTC(),
	}
}

func number(r stream.Record) int { return int(binary.BigEndian.Uint64(r.Value)) }

// sink collects what a group handled.
type sink struct {
	mu   sync.Mutex
	seen map[int]int // number -> times
	keys map[string][]int
}

func newSink() *sink { return &sink{seen: map[int]int{}, keys: map[string][]int{}} }

func (s *sink) Batch(_ context.Context, b stream.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range b.Records {
		s.seen[number(r)]++
		s.keys[string(r.Key)] = append(s.keys[string(r.Key)], number(r))
	}
	return nil
}

func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seen)
}

func (s *sink) byKey() map[string][]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.keys)
}

func TestPublish_givesBackWhatWasWritten(t *testing.T) {
	r := newRig(t)
	r.topics("t")
	for _, compression := range []string{"none", "snappy", "lz4", "zstd", "gzip"} {
		p := r.producer(stream.ProducerConfig{Compression: compression})
		in := rec("t", compression, 7)
		in.Headers = []stream.Header{{Key: "a", Value: []byte("1")}, {Key: "empty", Value: []byte{}}}
		big := stream.Record{Topic: "t", Key: []byte(compression), Value: slices.Repeat([]byte(compression), 20_000), Time: in.Time}
		require.NoError(t, p.Publish(t.Context(), []stream.Record{in, stream.Tombstone("t", []byte(compression), in.Time), big}))

		var got []stream.Record
		partition := stream.PartitionOf([]byte(compression), 4)
		require.NoError(t, r.client.ReadAll(t.Context(), "t", partition, func(x stream.Record) error {
			if string(x.Key) == compression {
				got = append(got, x)
			}
			return nil
		}))
		require.Len(t, got, 3, compression)
		want := in
		want.Partition, want.Offset = partition, got[0].Offset
		require.Equal(t, want, got[0])
		require.Nil(t, got[1].Value)
		require.Equal(t, big.Value, got[2].Value)
	}
}

func TestPublish_pinnedRecordIgnoresItsKey(t *testing.T) {
	r := newRig(t)
	r.topics("t")
	p := r.producer(stream.ProducerConfig{})
	var in []stream.Record
	for i := range 20 {
		x := rec("t", fmt.Sprint("k", i), i)
		x.Pinned, x.Partition = true, 3
		in = append(in, x)
	}
	require.NoError(t, p.Publish(t.Context(), in))
	b, err := r.client.Bounds(t.Context(), "t", 0, 1, 2, 3)
	require.NoError(t, err)
	require.Equal(t, map[int]stream.Bounds{0: {}, 1: {}, 2: {}, 3: {End: 20}}, b)

	in[0].Partition = 4
	require.Error(t, p.Publish(t.Context(), in[:1]))
}

func TestPublish_fullQueueIsRefusedAtOnce(t *testing.T) {
	r := newRig(t)
	r.topics("t")
	release := r.holdProduce()
	p := r.producer(stream.ProducerConfig{QueueRecords: 100, QueueBytes: 10_000, Linger: time.Millisecond})
	var wg sync.WaitGroup
	var mu sync.Mutex
	outcomes := map[string]int{}
	for i := range 400 {
		wg.Go(func() {
			err := p.Publish(t.Context(), []stream.Record{rec("t", fmt.Sprint(i), i)})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				outcomes["ok"]++
			case errors.Is(err, stream.ErrOverloaded):
				outcomes["overloaded"]++
			default:
				outcomes[err.Error()]++
			}
		})
	}
	eventually(t, "the rest is refused while the broker is silent", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return outcomes["overloaded"] == 300
	})
	release()
	wg.Wait()
	require.Equal(t, map[string]int{"ok": 100, "overloaded": 300}, outcomes)
	require.ErrorIs(t, p.Publish(t.Context(), make([]stream.Record, 101)), stream.ErrTooLarge)
}
