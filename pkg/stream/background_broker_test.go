package stream_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
)

// TestConsumer_backgroundTopicsYield: while the live topic has lag, the other gets its least share; then it gets everything, in
// slices, and the watchdog takes no worker that waits for its turn for one that stands still.
func TestConsumer_backgroundTopicsYield(t *testing.T) {
	const liveTopic, history = "rcu.test.live", "rcu.test.history"
	r := newRig(t)
	r.topics(liveTopic, history)
	p := r.producer(stream.ProducerConfig{})
	const n = 2_000
	var records []stream.Record
	for i := range n {
		records = append(records, rec(liveTopic, fmt.Sprint(i), i), rec(history, fmt.Sprint(i), i))
	}
	require.NoError(t, p.PublishAll(t.Context(), records))

	var liveSeen, historySeen, beside, largest atomic.Int64
	work := map[string]time.Duration{liveTopic: 12 * time.Millisecond, history: 2 * time.Millisecond}
	handle := func(ctx context.Context, b stream.Batch) error {
		select { // the live records take 300 ms over four partitions
		case <-time.After(work[b.Topic]):
		case <-ctx.Done():
			return ctx.Err()
		}
		k := int64(len(b.Records))
		if b.Topic == liveTopic {
			liveSeen.Add(k)
			return nil
		}
		largest.Store(max(largest.Load(), k))
		if historySeen.Add(k); liveSeen.Load() < n-200 {
			beside.Add(k)
		}
		return nil
	}
	r.consume(stream.ConsumerConfig{
		Group: "g", Topics: []string{liveTopic, history}, BatchRecords: 20, Watchdog: 200 * time.Millisecond,
		Background: stream.BackgroundConfig{Topics: []string{history}, Records: 10, Lag: 50, Hold: func() bool { return liveSeen.Load() < n }},
	}, stream.HandlerFunc(handle))
	eventually(t, "everything is handled", func() bool { return liveSeen.Load() == n && historySeen.Load() == n })
	require.LessOrEqual(t, largest.Load(), int64(10))
	require.Positive(t, beside.Load(), "the least share")
	require.Less(t, beside.Load(), int64(n/4), "and not much more")
	stalls, err := testutil.GatherAndCount(r.reg, "rcu_stream_stalls_total")
	require.NoError(t, err)
	require.Zero(t, stalls)
}

func TestClient_lagOfAGroupThatNobodyJoined(t *testing.T) {
	const topic = "rcu.test.waiting"
	r := newRig(t)
	r.topics(topic)
	p := r.producer(stream.ProducerConfig{})
	require.NoError(t, p.PublishAll(t.Context(), []stream.Record{rec(topic, "a", 1), rec(topic, "b", 2)}))
	parts, err := r.client.Lag(t.Context(), "nobody", topic)
	require.NoError(t, err)
	require.Len(t, parts, 4)
	lag := int64(0)
	for _, x := range parts {
		require.EqualValues(t, -1, x.Committed)
		lag += x.Lag()
	}
	require.EqualValues(t, 2, lag)
}
