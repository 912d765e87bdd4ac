package resolver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/services/resolver"
)

// mirrored is a history resolved into a Redis whose replica takes over, behind the address that resolvers know.
type mirrored struct {
	*lossy

	relay   *testkit.Relay
	replica *testkit.Replica
}

func newMirrored(t *testing.T, seed uint64, steps int) *mirrored {
	t.Helper()
	m := &mirrored{lossy: newLog(t, seed, steps)}
	m.redis = testkit.RedisServer(t)
	m.relay = testkit.OpenRelay(t, m.redis.Addr())
	m.addrs = []string{m.relay.Addr()}
	m.replica = testkit.RedisReplica(t, m.redis)
	return m
}

// failOver has the history resolved and committed up to a part of it, of which the replica gets nothing, and lets the replica take over.
func (m *mirrored) failOver(part, of int) {
	m.t.Helper()
	m.replica.FallBehind(m.t)
	m.publish(part, of)
	m.committed()
	lacks := m.replica.Lacks(m.t)
	m.t.Logf("the replica lacks %d bytes", lacks)
	require.Positive(m.t, lacks)
	m.redis.Kill()
	m.replica.TakeOver(m.t)
	m.relay.To(m.replica.Addr())
	m.redis = m.replica.Server
}

// replicaTakesOver fails a Redis over twice, the second time behind the last event: nothing but the loss itself speaks of it. It gives what is not
// as a clean run has it.
func replicaTakesOver(t *testing.T, patience time.Duration) []string {
	t.Helper()
	m := newMirrored(t, 6, 80)
	m.launch()
	m.launch()
	m.begin(1, 6)
	m.failOver(3, 6)
	m.publish(4, 6)
	m.replica = testkit.RedisReplica(t, m.redis)
	m.failOver(6, 6)
	return m.unsettled(patience)
}

func TestReplicaThatTakesOverLacksTheLastWrites(t *testing.T) {
	testkit.Long(t)
	require.Empty(t, replicaTakesOver(t, 40*time.Second))
	resolver.Plant(t, resolver.Faults{SkipMarks: true})
	require.NotEmpty(t, replicaTakesOver(t, 3*time.Second))
}
