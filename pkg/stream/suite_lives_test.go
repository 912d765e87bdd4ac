package stream_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"rcu/pkg/stream"
)

// lives is a topic that a group has read twenty records of, and its neighbour.
type lives struct {
	*rig
	topic, kept, group string
}

func newLives(r *rig) *lives {
	l := &lives{rig: r, topic: r.name("t"), kept: r.name("kept"), group: r.name("g")}
	l.topics(l.topic, l.kept)
	l.publish(20)
	l.read(map[string]int{l.topic: 20, l.kept: 20})
	return l
}

// publish puts n records on one partition of each of the two topics.
func (l *lives) publish(n int, topics ...string) {
	l.t.Helper()
	if len(topics) == 0 {
		topics = []string{l.topic, l.kept}
	}
	p := l.producer(stream.ProducerConfig{})
	for _, topic := range topics {
		var in []stream.Record
		for i := range n {
			in = append(in, rec(topic, "k", i))
		}
		require.NoError(l.t, p.Publish(l.t.Context(), in))
	}
	ctx, cancel := context.WithTimeout(l.t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(l.t, p.Close(ctx))
}

// read runs the group until it has so many records of each topic, and gives the
// log ids.
func (l *lives) read(want map[string]int) map[string]stream.LogID {
	l.t.Helper()
	var mu sync.Mutex
	got, ids := map[string]int{}, map[string]stream.LogID{}
	_, stop := l.consume(stream.ConsumerConfig{Group: l.group, Topics: []string{l.topic, l.kept}}, stream.HandlerFunc(func(_ context.Context, b stream.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		got[b.Topic] += len(b.Records)
		ids[b.Topic] = b.LogID
		return nil
	}))
	defer func() {
		if l.t.Failed() {
			l.t.Logf("got %v, not %v", got, want)
		}
	}()
	eventually(l.t, "the records arrive", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return got[l.topic] == want[l.topic] && got[l.kept] == want[l.kept]
	})
	require.NoError(l.t, stop())
	return ids
}

// remove deletes the topic by other means.
func (l *lives) remove() {
	l.t.Helper()
	l.raw(&kmsg.DeleteTopicsRequest{Version: 3, TopicNames: []string{l.topic}, TimeoutMillis: 5000})
	eventually(l.t, "the topic is gone", func() bool {
		problems, err := l.client.CheckTopics(l.t.Context(), []stream.Topic{{Name: l.topic, Partitions: 4}})
		return err == nil && len(problems) == 1 && problems[0].Missing
	})
}

// makeAgain makes it again by other means.
func (l *lives) makeAgain() {
	l.t.Helper()
	req := &kmsg.CreateTopicsRequest{Version: 4, TimeoutMillis: 5000, Topics: []kmsg.CreateTopicsRequestTopic{{Topic: l.topic, NumPartitions: 4, ReplicationFactor: 1}}}
	eventually(l.t, "the topic stands again", func() bool {
		_ = l.raw(req)
		n, err := l.client.Partitions(l.t.Context(), l.topic)
		return err == nil && n == 4
	})
}

// refused checks that neither the start nor a consumer passes over it.
func (l *lives) refused(gone bool) {
	t := l.t
	t.Helper()
	fix := "accept the loss with `rcu topic adopt " + l.topic + "`"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	want := []stream.Topic{{Name: l.topic, Partitions: 4, Replication: 1}, {Name: l.kept, Partitions: 4, Replication: 1}}
	err := l.connect(l.addr, nil).EnsureTopics(ctx, want)
	var life *stream.LifeError
	require.ErrorAs(t, err, &life)
	require.Equal(t, &stream.LifeError{Topic: l.topic, Gone: gone}, life)
	require.ErrorContains(t, err, fix)

	c, err := l.client.NewConsumer(stream.ConsumerConfig{Group: l.group, Topics: []string{l.topic, l.kept}}, never(t))
	require.NoError(t, err)
	require.ErrorContains(t, c.Run(ctx), fix)

	problems, err := l.client.CheckTopics(ctx, want)
	require.NoError(t, err)
	require.Len(t, problems, 1)
	require.ErrorContains(t, problems[0], fix)
}

func never(t testing.TB) stream.Handler {
	t.Helper()
	return stream.HandlerFunc(func(_ context.Context, b stream.Batch) error {
		t.Errorf("a batch of %s was handed out", b.Topic)
		return nil
	})
}

// adopted accepts the new topic: all of it is read, under a log id of its own,
// and nothing of the neighbour again.
func (l *lives) adopted(records int) {
	t := l.t
	t.Helper()
	id, err := l.client.LogID(t.Context())
	require.NoError(t, err)
	require.NoError(t, l.client.Adopt(t.Context(), l.topic))
	l.topics(l.topic, l.kept)
	l.publish(1, l.topic)
	ids := l.read(map[string]int{l.topic: records + 1})
	require.NotEqual(t, id, ids[l.topic])
	l.publish(1)
	again := l.read(map[string]int{l.topic: 1, l.kept: 1})
	require.Equal(t, ids[l.topic], again[l.topic], "it stays")
	require.NotEqual(t, again[l.kept], again[l.topic])
}

func deletedTopic(r *rig) {
	l := newLives(r)
	l.remove()
	l.refused(true)
	l.adopted(0)
}

func remadeTopicFewer(r *rig) {
	l := newLives(r)
	l.remove()
	l.makeAgain()
	l.publish(5, l.topic)
	// Brokers drop a group's offsets with the topic; a restored one may have them.
	l.commit(l.group, l.topic, stream.PartitionOf([]byte("k"), 4), 20)
	l.refused(false)
	l.adopted(5)
}

func remadeTopicMore(r *rig) {
	l := newLives(r)
	l.remove()
	l.makeAgain()
	l.publish(30, l.topic)
	l.commit(l.group, l.topic, stream.PartitionOf([]byte("k"), 4), 20)
	l.refused(false)
	l.adopted(30)
}

func deletedWhileRead(r *rig) {
	t := r.t
	l := newLives(r)
	c, err := l.client.NewConsumer(stream.ConsumerConfig{
		Group: l.group, Topics: []string{l.topic, l.kept}, FetchWait: 50 * time.Millisecond, SessionTimeout: 6 * time.Second,
	}, newSink())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	eventually(t, "the consumer reads", c.Ready)
	l.raw(&kmsg.DeleteTopicsRequest{Version: 3, TopicNames: []string{l.topic}, TimeoutMillis: 5000})
	var life *stream.LifeError
	require.ErrorAs(t, <-done, &life)
	require.Equal(t, l.topic, life.Topic)
}
