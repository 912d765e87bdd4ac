package stream_test

import (
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

// TestClient_brokerRestarted_oneTryIsEnough: as many connections die with a
// broker as requests were under way at once, and not one more request fails for
// each of them.
func TestClient_brokerRestarted_oneTryIsEnough(t *testing.T) {
	dir := t.TempDir()
	start := func(port int) *embedded.Server {
		s, err := embedded.StartKafka(t.Context(), embedded.KafkaConfig{Dir: dir, Port: port, Topics: []string{"t"}, Child: testkit.Child(t)})
		require.NoError(t, err)
		t.Cleanup(s.Kill)
		return s
	}
	s := start(0)
	_, text, err := net.SplitHostPort(s.Addr())
	require.NoError(t, err)
	port, err := strconv.Atoi(text)
	require.NoError(t, err)
	client, err := stream.Connect(stream.Config{Brokers: []string{s.Addr()}}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	var all sync.WaitGroup
	for range 100 {
		all.Go(func() { _, _ = client.Bounds(t.Context(), "t", 0, 1, 2, 3) })
	}
	all.Wait()
	s.Kill()
	start(port)

	began, tries := time.Now(), 1
	for ; tries < 50; tries++ {
		if _, err := client.Bounds(t.Context(), "t", 0, 1, 2, 3); err == nil {
			break
		}
	}
	require.LessOrEqual(t, tries, 4, "after %s", time.Since(began))
}
