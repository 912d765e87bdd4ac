package testkit

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/embedded"
)

// ClusterNode is a master of a cluster for tests.
type ClusterNode struct {
	*embedded.Server
	Dir string
}

// RedisCluster gives a cluster of three redis-servers, each with a third of the slots and data of its own. It is killed with the test.
func RedisCluster(t testing.TB) []*ClusterNode {
	t.Helper()
	nodes := make([]*ClusterNode, 3)
	for i := range nodes {
		nodes[i] = &ClusterNode{Dir: t.TempDir()}
		nodes[i].Server = StartRedisWith(t, embedded.RedisConfig{Dir: nodes[i].Dir, Cluster: true})
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for i, n := range nodes {
		if err := join(ctx, n.Addr(), nodes[0].Addr(), i*16384/len(nodes), (i+1)*16384/len(nodes)-1); err != nil {
			t.Fatalf("testkit: making a redis cluster: %v", err)
		}
	}
	for _, n := range nodes {
		if err := awaitCluster(ctx, n.Addr(), len(nodes)); err != nil {
			t.Fatalf("testkit: making a redis cluster: %v", err)
		}
	}
	return nodes
}

// join gives a server its slots and has it meet the first one.
func join(ctx context.Context, addr, first string, from, to int) error {
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer func() { _ = c.Close() }()
	if err := c.ClusterAddSlotsRange(ctx, from, to).Err(); err != nil {
		return fmt.Errorf("giving %s its slots: %w", addr, err)
	}
	if addr == first {
		return nil
	}
	host, port := split(first)
	if err := c.ClusterMeet(ctx, host, port).Err(); err != nil {
		return fmt.Errorf("joining %s: %w", addr, err)
	}
	return nil
}

// awaitCluster waits until a server knows masters for all slots.
func awaitCluster(ctx context.Context, addr string, masters int) error {
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer func() { _ = c.Close() }()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		info, err := c.ClusterInfo(ctx).Result()
		slots, _ := c.ClusterSlots(ctx).Result() //nolint:staticcheck // the shortest answer
		if err == nil && strings.Contains(info, "cluster_state:ok") && len(slots) == masters {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the cluster at %s: %w", addr, ctx.Err())
		case <-tick.C:
		}
	}
}
