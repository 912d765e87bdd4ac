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
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"rcu/pkg/embedded"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

// rig is a broker of the test's own and a client of it.
type rig struct {
	t      testing.TB
	broker *embedded.Broker
	client *stream.Client
	reg    *prometheus.Registry
}

// newRig starts a broker and checks at the end that no goroutine of the client
// outlives it.
func newRig(t testing.TB) *rig {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() {
		if !t.Failed() {
			goleak.VerifyNone(t, before)
		}
	})
	r := &rig{t: t, broker: testkit.KafkaBroker(t), reg: prometheus.NewRegistry()}
	r.client = r.connect(r.broker.Addr(), r.reg)
	return r
}

func (r *rig) connect(addr string, reg prometheus.Registerer) *stream.Client {
	r.t.Helper()
	log := zap.NewNop()
	if testing.Verbose() {
		log = zaptest.NewLogger(r.t, zaptest.Level(zap.WarnLevel))
	}
	c, err := stream.Connect(stream.Config{Brokers: []string{addr}, Partitions: 4}, stream.Deps{Log: log, Metrics: reg})
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
	require.Eventually(t, ok, 15*time.Second, 5*time.Millisecond, what)
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

func TestConsumer_manyCallers_everyRecordOnceAndInOrderPerKey(t *testing.T) {
	r := newRig(t)
	r.topics("a", "b")
	p := r.producer(stream.ProducerConfig{})
	const callers, each = 40, 100
	s := newSink()
	_, stop := r.consume(stream.ConsumerConfig{Group: "g", Topics: []string{"a", "b"}, BatchRecords: 64}, s)
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			topic := []string{"a", "b"}[c%2]
			for i := 0; i < each; i += 2 {
				key := fmt.Sprint("caller-", c)
				err := p.Publish(t.Context(), []stream.Record{rec(topic, key, c*each+i), rec(topic, key, c*each+i+1)})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	eventually(t, "all records arrive", func() bool { return s.count() == callers*each })
	for key, ns := range s.byKey() {
		require.Len(t, ns, each, key)
		require.True(t, slices.IsSorted(ns), "order of %s", key)
	}
	require.NoError(t, stop())
	lag, err := r.client.Lag(t.Context(), "g")
	require.NoError(t, err)
	require.Len(t, lag, 8)
	for _, l := range lag {
		require.Zero(t, l.Lag(), "%+v", l)
	}
}

func TestConsumer_membersComeAndGoUnderLoad_nothingIsLostAndCommitsNeverGoBack(t *testing.T) {
	r := newRig(t)
	r.topics("a", "b")
	p := r.producer(stream.ProducerConfig{})
	const total = 6000
	var sent sync.WaitGroup
	sent.Go(func() {
		for i := 0; i < total; i += 20 {
			var batch []stream.Record
			for j := range 20 {
				batch = append(batch, rec([]string{"a", "b"}[j%2], fmt.Sprint(i+j), i+j))
			}
			if err := p.PublishAll(t.Context(), batch); err != nil {
				t.Error(err)
			}
		}
	})
	watch, unwatch := context.WithCancel(t.Context())
	var watching sync.WaitGroup
	watching.Go(func() { watchCommits(watch, t, r.client, "g", "a", "b") })

	s := newSink()
	cfg := stream.ConsumerConfig{Group: "g", Topics: []string{"a", "b"}, BatchRecords: 50, HoldBack: 100 * time.Millisecond}
	one, stopOne := r.consume(cfg, s)
	eventually(t, "the first member reads", func() bool { return one.Ready() && s.count() > 0 })
	second := r.connect(r.broker.Addr(), nil)
	two, stopTwo := r.consumeWith(second, cfg, s)
	eventually(t, "the second member reads", two.Ready)
	eventually(t, "both read", func() bool { return one.Ready() && two.Ready() })
	require.NoError(t, stopOne())
	eventually(t, "the rest goes to the one that is left", func() bool { return two.Ready() })
	three, stopThree := r.consume(cfg, s)
	eventually(t, "a third joins", three.Ready)
	sent.Wait()
	eventually(t, "all records arrive", func() bool { return s.count() == total })
	require.NoError(t, stopTwo())
	require.NoError(t, stopThree())
	unwatch()
	watching.Wait()
	lag, err := r.client.Lag(t.Context(), "g")
	require.NoError(t, err)
	for _, l := range lag {
		require.Zero(t, l.Lag(), "%+v", l)
	}
}

// watchCommits fails the test when a committed offset goes back.
func watchCommits(ctx context.Context, t *testing.T, c *stream.Client, group string, topics ...string) {
	t.Helper()
	last := map[string]map[int]int64{}
	for ctx.Err() == nil {
		now, err := c.Committed(ctx, group, topics...)
		if err != nil {
			continue
		}
		for topic, parts := range now {
			for p, offset := range parts {
				if before, ok := last[topic][p]; ok && offset < before {
					t.Errorf("%s/%d: committed offset went from %d to %d", topic, p, before, offset)
				}
			}
		}
		last = now
	}
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
