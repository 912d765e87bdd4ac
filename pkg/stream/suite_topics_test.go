package stream_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rcu/pkg/stream"
)

// topicsOfItsOwn are all of RCU's topics under names of the rig's own, but for
// rcu.meta, which is one.
func (r *rig) topicsOfItsOwn(partitions int) []stream.Topic {
	topics := stream.Topics(partitions, 1)
	for i := range topics {
		if topics[i].Name != stream.TopicMeta {
			topics[i].Name = r.name(topics[i].Name)
		}
	}
	return topics
}

func everyTopicCanBeMade(r *rig) {
	t := r.t
	topics := r.topicsOfItsOwn(2)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	require.NoError(t, r.client.EnsureTopics(ctx, topics))
}

func ensureTopicsIsIdempotent(r *rig) {
	t := r.t
	all := r.topicsOfItsOwn(3)
	problems, err := r.client.CheckTopics(t.Context(), all)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(problems), len(all)-1, "rcu.meta may stand")
	require.ErrorContains(t, problems[0], "is missing")

	second := r.connect(r.addr, nil)
	var wg sync.WaitGroup
	for _, c := range []*stream.Client{r.client, second, r.client} {
		wg.Go(func() {
			if err := c.EnsureTopics(t.Context(), all); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	problems, err = r.client.CheckTopics(t.Context(), all)
	require.NoError(t, err)
	require.Empty(t, problems)

	all[0].Partitions = 5
	require.EqualError(t, r.client.EnsureTopics(t.Context(), all), "topic "+all[0].Name+" has 3 partitions, not 5")
}

func offsetBeyondTheEnd(r *rig) {
	t := r.t
	topic, group := r.name("t"), r.name("g")
	r.topics(topic)
	p := r.producer(stream.ProducerConfig{})
	for i := range 10 {
		require.NoError(t, p.Publish(t.Context(), []stream.Record{rec(topic, "k", i)}))
	}
	r.commit(group, topic, stream.PartitionOf([]byte("k"), 4), 11)
	c, err := r.client.NewConsumer(stream.ConsumerConfig{Group: group, Topics: []string{topic}}, newSink())
	require.NoError(t, err)
	err = c.Run(t.Context())
	var outside *stream.OffsetError
	require.ErrorAs(t, err, &outside)
	require.False(t, outside.Truncated())
	require.ErrorContains(t, err, "offset 11 of "+topic+"/")
	require.ErrorContains(t, err, "beyond the log end 10")
}

func recordsDeletedBeforeTheyWereRead(r *rig) {
	t := r.t
	topic, group := r.name("t"), r.name("g")
	r.topics(topic)
	p := r.producer(stream.ProducerConfig{})
	for i := range 10 {
		require.NoError(t, p.Publish(t.Context(), []stream.Record{rec(topic, "k", i)}))
	}
	partition := stream.PartitionOf([]byte("k"), 4)
	r.commit(group, topic, partition, 3)
	r.deleteBefore(topic, partition, 6)

	cfg := stream.ConsumerConfig{Group: group, Topics: []string{topic}}
	c, err := r.client.NewConsumer(cfg, newSink())
	require.NoError(t, err)
	err = c.Run(t.Context())
	var outside *stream.OffsetError
	require.ErrorAs(t, err, &outside)
	require.True(t, outside.Truncated())
	require.ErrorContains(t, err, "below the log start 6: 3 records were deleted")

	cfg.SkipTruncated = true
	s := newSink()
	_, stop := r.consume(cfg, s)
	eventually(t, "what is left arrives", func() bool { return s.count() == 4 })
	require.NoError(t, stop())
}

func followCatchesUp(r *rig) {
	t := r.t
	topic := r.name("t")
	r.topics(topic)
	p := r.producer(stream.ProducerConfig{})
	put := func(n int) {
		x := rec(topic, fmt.Sprint(n), n)
		x.Pinned = true
		require.NoError(t, p.Publish(t.Context(), []stream.Record{x}))
	}
	for i := range 5 {
		put(i)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var seen, atCatchUp atomic.Int64
	done := make(chan error, 1)
	go func() {
		done <- r.client.Follow(ctx, topic, 0, stream.FromStart, func(stream.Record) error {
			seen.Add(1)
			return nil
		}, func() { atCatchUp.Store(seen.Load()) })
	}()
	eventually(t, "caught up with what was there", func() bool { return atCatchUp.Load() == 5 })
	put(5)
	eventually(t, "the new record arrives", func() bool { return seen.Load() == 6 })
	cancel()
	require.ErrorIs(t, <-done, context.Canceled)

	var outside *stream.OffsetError
	require.ErrorAs(t, r.client.Follow(t.Context(), topic, 0, 7, nil, nil), &outside)
	empty := 0
	require.NoError(t, r.client.ReadAll(t.Context(), topic, 1, func(stream.Record) error { empty++; return nil }))
	require.Zero(t, empty)
}

// recordsOfLongAgo publishes what an import of old tickets would.
func recordsOfLongAgo(r *rig) {
	t := r.t
	topic, group := r.name("t"), r.name("g")
	all := []stream.Topic{{Name: topic, Partitions: 4, Replication: 1, Policy: stream.PolicyDelete, Retention: 7 * 24 * time.Hour}}
	require.NoError(t, r.client.EnsureTopics(t.Context(), all))
	r.topics()
	p := r.producer(stream.ProducerConfig{})
	at := time.Date(2010, 1, 2, 3, 4, 5, 0, time.UTC)
	var in []stream.Record
	for i := range 100 { // years apart within one batch
		x := rec(topic, fmt.Sprint(i), i)
		x.Time = at.AddDate(i%17, 0, i)
		in = append(in, x)
	}
	require.NoError(t, p.Publish(t.Context(), in))
	var mu sync.Mutex
	got := map[int]time.Time{}
	_, stop := r.consume(stream.ConsumerConfig{Group: group, Topics: []string{topic}}, stream.HandlerFunc(func(_ context.Context, b stream.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		for _, x := range b.Records {
			got[number(x)] = x.Time
		}
		return nil
	}))
	eventually(t, "all arrive", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(got) == len(in)
	})
	require.NoError(t, stop())
	for i := range in {
		require.Equal(t, in[i].Time, got[i])
	}
}

// commit plants an offset of a group that has no members.
func (r *rig) commit(group, topic string, partition int, offset int64) {
	r.t.Helper()
	transport := &kafka.Transport{}
	defer transport.CloseIdleConnections()
	kc := &kafka.Client{Addr: kafka.TCP(r.addr), Transport: transport}
	eventually(r.t, "the offset is committed", func() bool { // the coordinator of a fresh broker takes a while
		_, err := kc.OffsetCommit(r.t.Context(), &kafka.OffsetCommitRequest{
			GroupID: group, GenerationID: -1,
			Topics: map[string][]kafka.OffsetCommit{topic: {{Partition: partition, Offset: offset}}},
		})
		if err != nil {
			return false
		}
		committed, err := r.client.Committed(r.t.Context(), group, topic)
		return err == nil && committed[topic][partition] == offset
	})
}

// deleteBefore moves the log start, as retention does.
func (r *rig) deleteBefore(topic string, partition int, offset int64) {
	r.t.Helper()
	r.raw(&kmsg.DeleteRecordsRequest{Version: 2, TimeoutMillis: 1000, Topics: []kmsg.DeleteRecordsRequestTopic{{
		Topic: topic, Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Partition: int32(partition), Offset: offset}},
	}}})
	b, err := r.client.Bounds(r.t.Context(), topic, partition)
	require.NoError(r.t, err)
	require.Equal(r.t, offset, b[partition].Start)
}
