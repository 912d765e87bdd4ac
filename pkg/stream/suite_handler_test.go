package stream_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
)

func rewindAndSeekBack(r *rig) {
	t := r.t
	topic, group := r.name("t"), r.name("g")
	r.topics(topic)
	p := r.producer(stream.ProducerConfig{})
	var in []stream.Record
	for i := range 30 {
		in = append(in, rec(topic, "same", i))
	}
	require.NoError(t, p.Publish(t.Context(), in))
	partition := stream.PartitionOf([]byte("same"), 4)

	s := newSink()
	var once sync.Once
	h := stream.HandlerFunc(func(ctx context.Context, b stream.Batch) (err error) {
		if b.First() == 20 {
			once.Do(func() { err = fmt.Errorf("marker is behind: %w", &stream.Rewind{Offset: 5}) })
		}
		if err != nil {
			return err
		}
		return s.Batch(ctx, b)
	})
	c, stop := r.consume(stream.ConsumerConfig{Group: group, Topics: []string{topic}, BatchRecords: 10, BackoffMin: time.Millisecond}, h)
	eventually(t, "all records arrive", func() bool { return s.count() == 30 })
	require.Len(t, s.byKey()["same"], 20+25, "0-19, then 5-29")
	require.False(t, c.SeekBack(topic, partition, 31))
	require.True(t, c.SeekBack(topic, partition, 28))
	eventually(t, "the last two are read again", func() bool { return len(s.byKey()["same"]) == 47 })
	require.NoError(t, stop())
	committed, err := r.client.Committed(t.Context(), group, topic)
	require.NoError(t, err)
	require.Equal(t, int64(30), committed[topic][partition])
}

// marking lowers its offsets once.
type marking struct {
	*sink
	from    atomic.Int64
	revoked atomic.Int64
}

func (m *marking) Assigned(_ context.Context, parts []stream.Assignment) error {
	for i := range parts {
		if parts[i].LogID == (stream.LogID{}) {
			return errors.New("no log id")
		}
		if from := m.from.Load(); parts[i].Offset > from {
			parts[i].Offset = from
		}
	}
	return nil
}

func (m *marking) Revoked(parts []stream.Assignment) { m.revoked.Add(int64(len(parts))) }

func assignableLowersTheOffset(r *rig) {
	t := r.t
	topic, group := r.name("t"), r.name("g")
	r.topics(topic)
	p := r.producer(stream.ProducerConfig{})
	var in []stream.Record
	for i := range 10 {
		in = append(in, rec(topic, "same", i))
	}
	require.NoError(t, p.Publish(t.Context(), in))
	m := &marking{sink: newSink()}
	m.from.Store(1 << 60)
	cfg := stream.ConsumerConfig{Group: group, Topics: []string{topic}}
	_, stop := r.consume(cfg, m)
	eventually(t, "all records arrive", func() bool { return m.count() == 10 })
	require.NoError(t, stop())
	require.Equal(t, int64(4), m.revoked.Load())

	m.from.Store(7)
	_, stop = r.consume(cfg, m)
	eventually(t, "three are read again", func() bool { return len(m.byKey()["same"]) == 13 })
	require.NoError(t, stop())
}

func holdBack(r *rig) {
	t := r.t
	topic, group := r.name("t"), r.name("g")
	r.topics(topic)
	p := r.producer(stream.ProducerConfig{})
	require.NoError(t, p.Publish(t.Context(), []stream.Record{rec(topic, "k", 1)}))
	partition := stream.PartitionOf([]byte("k"), 4)
	committed := func() int64 {
		c, err := r.client.Committed(t.Context(), group, topic)
		require.NoError(t, err)
		return c[topic][partition]
	}
	s := newSink()
	handled := make(chan time.Time, 2)
	h := stream.HandlerFunc(func(ctx context.Context, b stream.Batch) error {
		handled <- time.Now()
		return s.Batch(ctx, b)
	})
	const hold = 600 * time.Millisecond
	_, stop := r.consume(stream.ConsumerConfig{Group: group, Topics: []string{topic}, HoldBack: hold}, h)
	since := <-handled
	eventually(t, "the offset is committed", func() bool { return committed() == 1 })
	require.GreaterOrEqual(t, time.Since(since), hold)
	require.NoError(t, p.Publish(t.Context(), []stream.Record{rec(topic, "k", 2)}))
	eventually(t, "the record is handled", func() bool { return s.count() == 2 })
	require.NoError(t, stop())
	require.Equal(t, int64(2), committed(), "the end of the generation holds nothing back")
}

func watchdogLeaves(r *rig) {
	t := r.t
	topic, group := r.name("t"), r.name("g")
	r.topics(topic)
	p := r.producer(stream.ProducerConfig{})
	require.NoError(t, p.Publish(t.Context(), []stream.Record{rec(topic, "k", 1)}))
	s := newSink()
	var calls atomic.Int64
	h := stream.HandlerFunc(func(ctx context.Context, b stream.Batch) error {
		if calls.Add(1) == 1 {
			<-ctx.Done() // hangs until the grace period is over
			return ctx.Err()
		}
		return s.Batch(ctx, b)
	})
	_, stop := r.consume(stream.ConsumerConfig{
		Group: group, Topics: []string{topic},
		Watchdog: 200 * time.Millisecond, Grace: 50 * time.Millisecond,
	}, h)
	eventually(t, "the next generation handles the record", func() bool { return s.count() == 1 })
	require.NoError(t, stop())
	require.Equal(t, int64(2), calls.Load())
}
