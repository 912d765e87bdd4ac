package testkit

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/embedded"
)

// Replica is a redis-server that follows another one, until it is told to fall behind.
type Replica struct {
	*embedded.Server

	master, own *redis.Client // connections for questions
	cluster     bool
}

// RedisReplica gives a redis-server a replica, which holds all that its master holds. It is killed with the test.
func RedisReplica(t testing.TB, master *embedded.Server) *Replica {
	t.Helper()
	r := newReplica(t, master, false)
	host, port := split(master.Addr())
	r.must(t, r.own.ReplicaOf(t.Context(), host, port))
	r.catchUp(t)
	return r
}

// ClusterReplica gives a master of a cluster a replica, which the others know. It is killed with the test.
func ClusterReplica(t testing.TB, nodes []*ClusterNode, master *ClusterNode) *Replica {
	t.Helper()
	r := newReplica(t, master.Server, true)
	id := r.master.ClusterMyID(t.Context())
	r.must(t, id)
	host, port := split(master.Addr())
	r.must(t, r.own.ClusterMeet(t.Context(), host, port))
	r.await(t, "it knows its master", func() bool { return r.own.ClusterReplicate(t.Context(), id.Val()).Err() == nil })
	r.catchUp(t)
	for _, n := range nodes { // those who vote for it
		c := openRedis(t, n.Addr())
		r.await(t, "the others know it", func() bool { return followerKnown(c.ClusterNodes(t.Context()).Val(), r.Addr()) })
	}
	return r
}

// followerKnown reports whether the one at an address stands among those that follow in what a server tells of its cluster.
func followerKnown(nodes, addr string) bool {
	for line := range strings.Lines(nodes) {
		if strings.Contains(line, addr+"@") && strings.Contains(line, "slave ") {
			return true
		}
	}
	return false
}

func newReplica(t testing.TB, master *embedded.Server, cluster bool) *Replica {
	t.Helper()
	own := StartRedisWith(t, embedded.RedisConfig{Dir: t.TempDir(), Cluster: cluster})
	r := &Replica{Server: own, master: openRedis(t, master.Addr()), own: openRedis(t, own.Addr()), cluster: cluster}
	r.must(t, r.master.ConfigSet(t.Context(), "repl-diskless-sync-delay", "0")) // nobody else comes to share the first transfer
	return r
}

func openRedis(t testing.TB, addr string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// FallBehind has the replica get nothing of what is written from now on.
func (r *Replica) FallBehind(t testing.TB) {
	t.Helper()
	r.catchUp(t)
	r.must(t, r.own.ConfigSet(t.Context(), "masteruser", "nobody")) // its master does not let it in again
	r.must(t, r.own.ConfigSet(t.Context(), "masterauth", "nothing"))
	r.must(t, r.master.ClientKillByFilter(t.Context(), "TYPE", "replica"))
	r.await(t, "it is parted from its master", func() bool { return replication(t, r.own, "master_link_status") == "down" })
}

// Lacks is how many bytes of what its master has written the replica has not got.
func (r *Replica) Lacks(t testing.TB) int64 {
	t.Helper()
	return position(t, r.master, "master_repl_offset") - position(t, r.own, "slave_repl_offset")
}

// TakeOver makes the replica the master, with what it has, whatever others of a cluster say.
func (r *Replica) TakeOver(t testing.TB) {
	t.Helper()
	if r.cluster {
		r.must(t, r.own.Do(t.Context(), "CLUSTER", "FAILOVER", "TAKEOVER"))
	} else {
		r.must(t, r.own.ReplicaOf(t.Context(), "NO", "ONE"))
	}
	r.AwaitMaster(t)
}

// AwaitMaster waits until the replica is a master, as the others of a cluster make it once its own is gone.
func (r *Replica) AwaitMaster(t testing.TB) {
	t.Helper()
	r.await(t, "it is a master", func() bool { return replication(t, r.own, "role") == "master" })
}

// catchUp waits until the replica holds what its master holds now.
func (r *Replica) catchUp(t testing.TB) {
	t.Helper()
	end := position(t, r.master, "master_repl_offset")
	r.await(t, "it has what its master has", func() bool {
		return replication(t, r.own, "master_link_status") == "up" && position(t, r.own, "slave_repl_offset") >= end
	})
}

func (r *Replica) must(t testing.TB, c redis.Cmder) {
	t.Helper()
	if err := c.Err(); err != nil {
		t.Fatalf("testkit: telling a replica of redis, or its master, to %s: %v", c.FullName(), err)
	}
}

func (r *Replica) await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(30 * time.Second); !holds(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("testkit: waiting until of a replica of redis %s", what)
		}
	}
}

// position is a number of bytes that a redis-server says of its replication.
func position(t testing.TB, c *redis.Client, name string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(replication(t, c, name), 10, 64)
	if err != nil {
		t.Fatalf("testkit: reading %s of redis: %v", name, err)
	}
	return n
}

// replication is what a redis-server says of its replication under a name.
func replication(t testing.TB, c *redis.Client, name string) string {
	t.Helper()
	info, err := c.Info(t.Context(), "replication").Result()
	if err != nil {
		t.Fatalf("testkit: asking redis for its replication: %v", err)
	}
	for line := range strings.Lines(info) {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), name+":"); found {
			return value
		}
	}
	return ""
}
