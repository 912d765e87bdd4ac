package stack

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
)

// ReadTopic gives every record of a topic to fn.
func (s *Stack) ReadTopic(t testing.TB, topic string, fn func(stream.Record)) {
	t.Helper()
	cfg := stream.DefaultConfig()
	cfg.Brokers = s.Kafka
	client, err := stream.Connect(cfg, stream.Deps{})
	require.NoError(t, err)
	defer client.Close()
	n, err := client.Partitions(t.Context(), topic)
	require.NoError(t, err)
	for p := range n {
		require.NoError(t, client.ReadAll(t.Context(), topic, p, func(r stream.Record) error { fn(r); return nil }))
	}
}

// Topics are the names of all topics.
func (s *Stack) Topics() []string {
	var names []string
	for _, x := range stream.Topics(1, 1) {
		names = append(names, x.Name)
	}
	return names
}
