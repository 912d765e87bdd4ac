package resolver_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/resolver"
)

func TestHistory_waitsForTheOutbox(t *testing.T) {
	h := historyOf(t, 1, func(m *maker) {
		m.send(j("s1", "sale", noon, list(proved("card", "2990001111111"), proved("email", "a@example.fr")), euros(500)), eventpb.Channel_CHANNEL_STORE, retail)
	})
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1})
	s := w.workers[0].service
	require.False(t, s.HoldHistory())
	w.read(h.places[0])
	late, err := s.OutboxLate(t.Context(), space)
	require.NoError(t, err)
	require.False(t, late, "it is on its way")
	w.now = w.now.Add(time.Minute)
	late, err = s.OutboxLate(t.Context(), space)
	require.NoError(t, err)
	require.True(t, late, "it lies there for a minute")
	require.NoError(t, s.Drain(t.Context(), space))
	late, err = s.OutboxLate(t.Context(), space)
	require.NoError(t, err)
	require.True(t, late, "the profiles that it changed are not out")
	require.NoError(t, s.Flush(t.Context()))
	require.NoError(t, s.Drain(t.Context(), space))
	late, err = s.OutboxLate(t.Context(), space)
	require.NoError(t, err)
	require.False(t, late)
}

// TestHistory_waitsForTheSink: a sink that never committed holds nothing back, one that is behind does.
func TestHistory_waitsForTheSink(t *testing.T) {
	r := newRig(t)
	cfg := resolver.Default()
	cfg.Spaces, cfg.Instance, cfg.History.SinkLag = []string{space}, "one", 3
	s := resolver.Assemble(cfg, resolver.Deps{
		Log: zap.NewNop(), Metrics: prometheus.NewRegistry(), Stream: r.client, Graph: r.graph, Cells: r.cells, Keyring: r.ring, Now: time.Now,
	}, r.out)
	late := func() bool {
		late, err := s.SinkLate(t.Context())
		require.NoError(t, err)
		return late
	}
	publish := func(n int) {
		var records []stream.Record
		for i := range n {
			records = append(records, stream.Record{Topic: stream.TopicResolved, Key: fmt.Append(nil, i), Value: []byte{1}, Time: time.Now()})
		}
		require.NoError(t, r.out.PublishAll(t.Context(), records))
	}
	publish(10)
	require.False(t, late(), "there is no sink")
	consumer, err := r.client.NewConsumer(stream.ConsumerConfig{
		Group: "sink", Topics: []string{stream.TopicResolved, stream.TopicProfiles}, FetchWait: 50 * time.Millisecond, CommitEvery: 20 * time.Millisecond,
	}, stream.HandlerFunc(func(context.Context, stream.Batch) error { return nil }))
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- consumer.Run(ctx) }()
	r.eventually("the sink has committed", func() bool {
		parts, err := r.client.Lag(t.Context(), "sink", stream.TopicResolved)
		lag := int64(0)
		for _, p := range parts {
			lag += p.Lag()
		}
		return err == nil && lag == 0
	})
	stop()
	require.NoError(t, <-done)
	require.False(t, late())
	publish(3)
	require.False(t, late(), "three are no backlog")
	publish(1)
	require.True(t, late())
}
