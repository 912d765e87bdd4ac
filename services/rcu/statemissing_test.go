package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
)

// A resolver alone judges an empty Redis as `rcu up` does, which would rebuild it: by what is committed and by what lies on the changelogs.
func TestAResolverAloneStopsWhenRedisHasToBeRebuilt(t *testing.T) {
	s := newSite(t)
	s.startRedis()
	first := s.run("resolver")
	first.until(http.StatusOK, "ready")
	first.stop()
	second := s.run("resolver")
	second.until(http.StatusOK, "ready")
	second.stop()

	c, err := stream.Connect(stream.Config{Brokers: []string{s.kafka}}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	out, err := c.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	cell := "l:leaf"
	leaf, err := stream.Encode(stream.TopicLeaves, []byte(cell), &eventpb.Changelog{Space: "maison", Key: []byte(cell), Version: 1}, time.Now())
	require.NoError(t, err)
	require.NoError(t, out.Publish(t.Context(), []stream.Record{leaf}))
	require.NoError(t, out.Close(t.Context()))

	s.redis = testkit.FreeAddress(t)
	s.startRedis()
	wiped := s.run("resolver")
	require.Error(t, wiped.exit())
	require.Contains(t, wiped.log.String(), "rcu rebuild redis")
}
