package stream_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

func TestOffsetsOfAGroupWithoutMembers(t *testing.T) {
	topic, group := testkit.Name(t, "topic"), testkit.Name(t, "group")
	c, err := stream.Connect(stream.Config{Brokers: testkit.Kafka(t)}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	require.NoError(t, c.EnsureTopics(t.Context(), []stream.Topic{
		{Name: topic, Partitions: 1, Replication: 1, Policy: stream.PolicyDelete},
		{Name: stream.TopicMeta, Partitions: 1, Replication: 1, Policy: stream.PolicyCompact},
	}))
	p, err := c.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = p.Close(context.Background()) })
	begin := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	for i := range 10 {
		require.NoError(t, p.Publish(t.Context(), []stream.Record{{Topic: topic, Key: []byte("k"), Value: []byte{byte(i)}, Time: begin.Add(time.Duration(i) * time.Minute)}}))
	}
	at, err := c.OffsetAt(t.Context(), topic, 0, begin.Add(5*time.Minute))
	require.NoError(t, err)
	require.EqualValues(t, 5, at)
	at, err = c.OffsetAt(t.Context(), topic, 0, time.Now())
	require.NoError(t, err)
	require.EqualValues(t, 10, at)

	var read []byte
	require.NoError(t, c.ReadFrom(t.Context(), topic, 0, 7, func(r stream.Record) error { read = append(read, r.Value...); return nil }))
	require.Equal(t, []byte{7, 8, 9}, read)

	n, err := c.Members(t.Context(), group)
	require.NoError(t, err)
	require.Zero(t, n)
	require.NoError(t, c.SetOffsets(t.Context(), group, map[string]map[int]int64{topic: {0: 4}}))
	committed, err := c.Committed(t.Context(), group, topic)
	require.NoError(t, err)
	require.EqualValues(t, 4, committed[topic][0])

	consumer, err := c.NewConsumer(stream.ConsumerConfig{Group: group, Topics: []string{topic}}, stream.HandlerFunc(func(context.Context, stream.Batch) error { return nil }))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- consumer.Run(ctx) }()
	require.Eventually(t, func() bool { n, err := c.Members(t.Context(), group); return err == nil && n == 1 }, 10*time.Second, 20*time.Millisecond)
	require.ErrorIs(t, c.SetOffsets(t.Context(), group, map[string]map[int]int64{topic: {0: 0}}), stream.ErrGroupInUse)
	stop()
	require.NoError(t, <-done)
}
