package testkit

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"rcu/pkg/embedded"
)

// RedisLog gives the append-only file that the redis-server in dir writes to now.
func RedisLog(t testing.TB, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "appendonlydir", "*.incr.aof"))
	if err != nil || len(files) == 0 {
		t.Fatalf("testkit: no append-only file in %s: %v", dir, err)
	}
	return slices.MaxFunc(files, func(a, b string) int { return len(a) - len(b) + sign(a > b) })
}

func sign(greater bool) int {
	if greater {
		return 1
	}
	return -1
}

// LoseRedis kills a redis-server, cuts its append-only file to the first bytes of it, as a power cut does, and starts it again at the same
// address.
func LoseRedis(t testing.TB, s *embedded.Server, dir string, keep int64) *embedded.Server {
	t.Helper()
	s.Kill()
	if err := os.Truncate(RedisLog(t, dir), keep); err != nil {
		t.Fatalf("testkit: cutting the append-only file of redis: %v", err)
	}
	_, text, err := net.SplitHostPort(s.Addr())
	if err != nil {
		t.Fatalf("testkit: reading the address of redis: %v", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("testkit: reading the address of redis: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	again, err := embedded.StartRedis(ctx, embedded.RedisConfig{Dir: dir, Port: port})
	if err != nil {
		t.Fatalf("testkit: starting redis again: %v", err)
	}
	t.Cleanup(again.Kill)
	return again
}
