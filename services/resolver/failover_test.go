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

// Each master of a cluster dies in turn, and the others make its replica the master, which has not got the last writes: also when no event comes
// behind them.
func TestReplicasOfAClusterThatTakeOverLackTheLastWrites(t *testing.T) {
	testkit.Long(t)
	l, nodes := newLog(t, 7, 240), testkit.RedisCluster(t)
	replicas := make([]*testkit.Replica, len(nodes))
	for i, n := range nodes {
		replicas[i] = testkit.ClusterReplica(t, nodes, n)
		l.addrs = append(l.addrs, n.Addr(), replicas[i].Addr())
	}
	l.launch()
	l.launch()
	parts := 2 + 2*len(nodes)
	l.publish(1, parts)
	l.committed()
	for i, n := range nodes {
		replicas[i].FallBehind(t)
		l.publish(3+2*i, parts)
		if i == len(nodes)-1 {
			l.publish(parts, parts)
		}
		l.committed()
		lacks := replicas[i].Lacks(t)
		t.Logf("the replica of server %d lacks %d bytes", i, lacks)
		require.Positive(t, lacks)
		n.Kill()
		replicas[i].AwaitMaster(t)
		l.publish(4+2*i, parts)
	}
	l.settled()
}
