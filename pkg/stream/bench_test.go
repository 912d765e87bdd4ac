package stream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

// benchRig is a broker in a process of its own (or that of RCU_TEST_KAFKA), so
// that the figures are the client's, and a topic of 8 partitions on it.
func benchRig(b *testing.B) (c *stream.Client, addr, topic string) {
	b.Helper()
	if addr = os.Getenv("RCU_TEST_KAFKA"); addr == "" {
		addr = testkit.KafkaProcess(b, b.TempDir()).Addr()
	}
	c, err := stream.Connect(stream.Config{Brokers: []string{addr}, Partitions: 8}, stream.Deps{})
	require.NoError(b, err)
	b.Cleanup(c.Close)
	topic = testkit.Name(b, "bench")
	require.NoError(b, c.EnsureTopics(b.Context(), []stream.Topic{
		{Name: stream.TopicMeta, Partitions: 1, Replication: 1, Policy: stream.PolicyCompact},
		{Name: topic, Partitions: 8, Replication: 1, Policy: stream.PolicyDelete},
	}))
	return c, addr, topic
}

// benchRecords are of about 600 bytes, as hard to compress as real events.
func benchRecords(topic string, n int) []stream.Record {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]stream.Record, n)
	for i := range out {
		sealed := make([]byte, 150)
		for j := range sealed {
			sealed[j] = byte(rng.Uint32())
		}
		value, _ := json.Marshal(map[string]any{
			"id": fmt.Sprintf("T12-%06d", i), "type": "sale", "store": fmt.Sprint("paris-", rng.IntN(40)),
			"amount": rng.IntN(100_000), "currency": "EUR", "leaf": fmt.Sprintf("%x", sealed[:16]), "sealed": sealed,
			"lines": []int{rng.IntN(1e9), rng.IntN(1e9), rng.IntN(1e9), rng.IntN(1e9)},
		})
		out[i] = stream.Record{
			Topic: topic, Key: fmt.Appendf(nil, "%016x", rng.Uint64()), Value: value,
			Headers: []stream.Header{{Key: stream.HeaderType, Value: []byte("rcu.event.v1.Event")}}, Time: time.UnixMilli(1_760_000_000_000 + int64(i)),
		}
	}
	return out
}

// perRecord reports the rate, and what the client's process spent of the CPU
// since before.
func perRecord(b *testing.B, before time.Duration) {
	b.Helper()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-us/msg")
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// callers share b.N records among goroutines that publish chunk at a time.
func callers(b *testing.B, topic string, goroutines, chunk int, publish func([]stream.Record) error) {
	b.Helper()
	records := benchRecords(topic, 2000)
	b.ReportAllocs()
	before := cpu(b)
	b.ResetTimer()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for {
				start := int(next.Add(int64(chunk))) - chunk
				if start >= b.N {
					return
				}
				from := start % (len(records) - chunk)
				if err := publish(records[from : from+min(chunk, b.N-start)]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	perRecord(b, before)
}

// BenchmarkPublish is per record: one record a call by 200 callers is ingest,
// 500 a call by 4 callers is a stage.
func BenchmarkPublish(b *testing.B) {
	for _, compression := range []string{"none", "snappy", "lz4", "zstd"} {
		for _, shape := range []struct{ callers, chunk int }{{200, 1}, {4, 500}} {
			b.Run(fmt.Sprintf("%s/%dx%d", compression, shape.callers, shape.chunk), func(b *testing.B) {
				c, _, topic := benchRig(b)
				p, err := c.NewProducer(stream.ProducerConfig{Compression: compression})
				require.NoError(b, err)
				defer func() { _ = p.Close(context.Background()) }()
				callers(b, topic, shape.callers, shape.chunk, func(r []stream.Record) error { return p.Publish(context.Background(), r) })
			})
		}
	}
}

// BenchmarkPublishLibraryWriter is the library's own Writer with the same
// settings, for comparison.
func BenchmarkPublishLibraryWriter(b *testing.B) {
	for _, shape := range []struct{ callers, chunk int }{{200, 1}, {4, 500}} {
		b.Run(fmt.Sprintf("snappy/%dx%d", shape.callers, shape.chunk), func(b *testing.B) {
			_, addr, topic := benchRig(b)
			w := &kafka.Writer{
				Addr: kafka.TCP(addr), Topic: topic, Balancer: kafka.Murmur2Balancer{}, RequiredAcks: kafka.RequireAll,
				BatchSize: 1000, BatchBytes: 1 << 20, BatchTimeout: 5 * time.Millisecond, Compression: kafka.Snappy,
			}
			defer func() { _ = w.Close() }()
			callers(b, topic, shape.callers, shape.chunk, func(rs []stream.Record) error {
				msgs := make([]kafka.Message, len(rs))
				for i, r := range rs {
					msgs[i] = kafka.Message{Key: r.Key, Value: r.Value, Time: r.Time, Headers: []kafka.Header{{Key: r.Headers[0].Key, Value: r.Headers[0].Value}}}
				}
				return w.WriteMessages(context.Background(), msgs...)
			})
		})
	}
}

// BenchmarkConsume is per record, through the group consumer with commits.
func BenchmarkConsume(b *testing.B) {
	c, _, topic := benchRig(b)
	p, err := c.NewProducer(stream.ProducerConfig{})
	require.NoError(b, err)
	records := benchRecords(topic, 2000)
	for left := b.N; left > 0; left -= len(records) {
		require.NoError(b, p.PublishAll(b.Context(), records[:min(left, len(records))]))
	}
	require.NoError(b, p.Close(b.Context()))
	var got atomic.Int64
	all := make(chan struct{})
	h := stream.HandlerFunc(func(_ context.Context, batch stream.Batch) error {
		if got.Add(int64(len(batch.Records))) == int64(b.N) {
			close(all)
		}
		return nil
	})
	consumer, err := c.NewConsumer(stream.ConsumerConfig{Group: topic, Topics: []string{topic}}, h)
	require.NoError(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	b.ReportAllocs()
	before := cpu(b)
	b.ResetTimer()
	go func() { done <- consumer.Run(ctx) }()
	<-all
	b.StopTimer()
	perRecord(b, before)
	cancel()
	require.NoError(b, <-done)
}
