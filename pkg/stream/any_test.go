package stream_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

// TestAnyKafka is the whole of the package on whatever Kafka there is: the
// embedded broker, or that of RCU_TEST_KAFKA.
func TestAnyKafka_everyRecordOnceInOrderWithTwoMembers(t *testing.T) {
	r := &rig{t: t}
	r.client = r.connect(testkit.Kafka(t)[0], nil)
	a, b, group := testkit.Name(t, "a"), testkit.Name(t, "b"), testkit.Name(t, "g")
	r.topics(a, b)
	id, err := r.client.LogID(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, stream.LogID{}, id)

	s := newSink()
	cfg := stream.ConsumerConfig{Group: group, Topics: []string{a, b}, HoldBack: 200 * time.Millisecond}
	one, stopOne := r.consume(cfg, s)
	two, stopTwo := r.consumeWith(r.connect(r.client.Config().Brokers[0], nil), cfg, s)
	require.Eventually(t, func() bool { return one.Ready() && two.Ready() }, time.Minute, 10*time.Millisecond, "both are members")

	compressions := []string{"none", "snappy", "lz4", "zstd", "gzip"}
	var wg sync.WaitGroup
	for c, compression := range compressions {
		p := r.producer(stream.ProducerConfig{Compression: compression})
		wg.Go(func() {
			for i := range 100 {
				n := c*1000 + i*2
				recs := []stream.Record{rec(a, compression, n), rec(b, compression+"-b", n+1)}
				recs[0].Headers = []stream.Header{{Key: stream.HeaderType, Value: []byte("x")}}
				if err := p.Publish(t.Context(), recs); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	total := len(compressions) * 200
	require.Eventually(t, func() bool { return s.count() == total }, time.Minute, 10*time.Millisecond, "all records arrive")
	require.NoError(t, stopOne())
	require.NoError(t, stopTwo())
	for key, ns := range s.byKey() {
		slices.Sort(ns) // redelivery after a rebalance is allowed, gaps are not
		require.Len(t, slices.Compact(ns), 100, key)
	}
	afterwards(t, r.client, group, a, b)
}

// afterwards looks at what a finished group left behind.
func afterwards(t *testing.T, c *stream.Client, group, a, b string) {
	t.Helper()
	lag, err := c.Lag(t.Context(), group, a, b)
	require.NoError(t, err)
	require.Len(t, lag, 8)
	for _, l := range lag {
		require.Zero(t, l.Lag(), "%+v", l)
	}
	all, err := c.Lag(t.Context(), group)
	require.NoError(t, err)
	require.NotEmpty(t, all)

	got := 0
	require.NoError(t, c.Tail(t.Context(), stream.TailConfig{Topic: a, Last: 7}, func(x stream.Record) error {
		got++
		require.Equal(t, time.UTC, x.Time.Location())
		return nil
	}))
	require.Equal(t, 7, got)
}

func TestAnyKafka_everyTopicCanBeMadeAsItIsConfigured(t *testing.T) {
	r := &rig{t: t}
	r.client = r.connect(testkit.Kafka(t)[0], nil)
	topics := stream.Topics(2, 1)
	prefix := testkit.Name(t, "x")
	for i := range topics {
		topics[i].Name = fmt.Sprint(prefix, topics[i].Name)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, r.client.EnsureTopics(ctx, topics))
}
