package testkit

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/embedded"
)

// RedisLog gives the append-only file that the redis-server in dir writes to now.
func RedisLog(t testing.TB, dir string) string {
	t.Helper()
	name, err := embedded.AppendOnlyFile(dir)
	if err != nil || name == "" {
		t.Fatalf("testkit: no append-only file in %s: %v", dir, err)
	}
	return name
}

// LoseRedis kills a redis-server, cuts its append-only file to the first bytes of it, as a power cut does, and starts it again at the same
// address.
func LoseRedis(t testing.TB, s *embedded.Server, dir string, keep int64) *embedded.Server {
	t.Helper()
	s.Kill()
	if err := os.Truncate(RedisLog(t, dir), keep); err != nil {
		t.Fatalf("testkit: cutting the append-only file of redis: %v", err)
	}
	_, port := split(s.Addr())
	_, err := os.Stat(filepath.Join(dir, "nodes.conf"))
	n, _ := strconv.Atoi(port)
	return StartRedisWith(t, embedded.RedisConfig{Dir: dir, Port: n, Cluster: err == nil})
}

func split(addr string) (host, port string) {
	host, port, _ = net.SplitHostPort(addr) // an address that a server listens on
	return host, port
}

// RedisSize is how long the append-only file of the redis-server in dir is with all that the server has answered for.
func RedisSize(t testing.TB, s *embedded.Server, dir string) int64 {
	t.Helper()
	AwaitRedisWritten(t, s)
	info, err := os.Stat(RedisLog(t, dir))
	if err != nil {
		t.Fatalf("testkit: measuring the append-only file of redis: %v", err)
	}
	return info.Size()
}

// AwaitRedisWritten waits until a redis-server has put all that it has answered for into its append-only file: it answers first, and on a busy
// disk puts that off for two seconds.
func AwaitRedisWritten(t testing.TB, s *embedded.Server) {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.Addr()})
	defer func() { _ = c.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		info, err := c.Info(ctx, "persistence").Result()
		if err == nil && strings.Contains(info, "aof_buffer_length:0\r\n") {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("testkit: waiting for the append-only file of redis: %v", errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}
