package stream_test

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

// TestBroker_killedAndStartedAgain_nothingAcknowledgedIsLost kills the broker's
// process while records flow, and starts it on the same data.
func TestBroker_killedAndStartedAgain_nothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel() // with itself and the other tests that have an Apache Kafka of their own
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		killAndStartAgain(t, func(port int) *embedded.Server {
			s, err := embedded.StartKafka(context.Background(), embedded.KafkaConfig{Dir: dir, Port: port, Child: testkit.Child(t)})
			require.NoError(t, err)
			t.Cleanup(s.Kill)
			return s
		})
	})
	t.Run("apache kafka", func(t *testing.T) {
		testkit.Long(t)
		t.Parallel()
		dir := t.TempDir()
		killAndStartAgain(t, func(port int) *embedded.Server {
			return testkit.ApacheKafkaServer(t, embedded.ApacheKafkaConfig{Dir: dir, Port: port})
		})
	})
}

func killAndStartAgain(t *testing.T, start func(port int) *embedded.Server) {
	t.Helper()
	server := start(0)
	_, text, err := net.SplitHostPort(server.Addr())
	require.NoError(t, err)
	port, err := strconv.Atoi(text)
	require.NoError(t, err)
	r := &rig{t: t, addr: server.Addr()}
	r.client = r.connect(server.Addr(), nil)
	r.topics("t")
	p := r.producer(stream.ProducerConfig{Linger: time.Millisecond})
	s := newSink()
	c, stop := r.consume(stream.ConsumerConfig{Group: "g", Topics: []string{"t"}, BatchRecords: 50}, s)
	eventually(t, "the consumer reads, on an empty broker", c.Ready)

	const total = 4000
	var sending sync.WaitGroup
	half := make(chan struct{})
	sending.Go(func() {
		for i := 0; i < total; i += 20 {
			if i == total/2 {
				close(half)
			}
			var batch []stream.Record
			for j := range 20 {
				batch = append(batch, rec("t", fmt.Sprint(i+j), i+j))
			}
			for p.Publish(t.Context(), batch) != nil && t.Context().Err() == nil { // as a client of ingest would
				continue
			}
		}
	})
	<-half
	server.Kill()
	again := start(port)
	sending.Wait()
	require.Eventually(t, func() bool { return s.count() == total }, time.Minute, 10*time.Millisecond, "all records arrive")
	require.NoError(t, stop())
	require.NoError(t, again.Err())
}

func TestReadAll_ofACompactedTopicEnds(t *testing.T) {
	r := newRig(t)
	require.NoError(t, r.client.EnsureTopics(t.Context(), []stream.Topic{{
		Name: "c", Partitions: 1, Replication: 1,
		Policy: stream.PolicyCompact, Settings: map[string]string{"delete.retention.ms": "0", "segment.ms": "1", "min.cleanable.dirty.ratio": "0"},
	}}))
	p := r.producer(stream.ProducerConfig{})
	at := time.UnixMilli(1_760_000_000_000)
	for i := range 20 {
		require.NoError(t, p.Publish(t.Context(), []stream.Record{rec("c", fmt.Sprint(i%3), i)}))
	}
	for k := range 3 {
		require.NoError(t, p.Publish(t.Context(), []stream.Record{stream.Tombstone("c", fmt.Append(nil, k), at)}))
	}
	r.broker.Cluster().Compact()
	state := map[string]bool{}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	records := 0
	require.NoError(t, r.client.ReadAll(ctx, "c", 0, func(x stream.Record) error {
		records++
		if x.Value == nil {
			delete(state, string(x.Key))
		} else {
			state[string(x.Key)] = true
		}
		return nil
	}))
	require.Empty(t, state)
	t.Logf("%d of 23 records are left", records)
}
