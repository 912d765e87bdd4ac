package testkit

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/embedded"
)

// Redis gives the host and port of an empty Redis. An embedded one is fresh and ends with the test; one given by
// RCU_TEST_REDIS is flushed before it is handed out, data and functions, so it must serve tests alone, one package
// at a time.
func Redis(t testing.TB) string {
	t.Helper()
	if addr := os.Getenv("RCU_TEST_REDIS"); addr != "" {
		flush(t, addr)
		ran(t, BackendRedis, "RCU_TEST_REDIS")
		return addr
	}
	return RedisServer(t).Addr()
}

// RedisServer gives a fresh embedded redis-server as a process that the test may kill.
func RedisServer(t testing.TB) *embedded.Server {
	t.Helper()
	return StartRedisIn(t, t.TempDir())
}

// StartRedisIn starts an embedded redis-server on the data in dir; it is killed with the test.
func StartRedisIn(t testing.TB, dir string) *embedded.Server {
	t.Helper()
	return StartRedisWith(t, embedded.RedisConfig{Dir: dir})
}

// StartRedisWith starts an embedded redis-server; it is killed with the test.
func StartRedisWith(t testing.TB, cfg embedded.RedisConfig) *embedded.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := embedded.FindRedis(ctx, ""); err != nil {
		Missing(t, BackendRedis, err.Error())
	}
	var lastErr error
	for range 3 { // another process may take the free port first
		s, err := embedded.StartRedis(ctx, cfg)
		if err == nil {
			t.Cleanup(s.Kill)
			ran(t, BackendRedis, "embedded")
			return s
		}
		lastErr = err
	}
	t.Fatalf("testkit: starting redis: %v", lastErr)
	return nil
}

func flush(t testing.TB, addr string) {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer func() { _ = c.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := c.FlushAll(ctx).Err(); err != nil {
		t.Fatalf("testkit: emptying the redis of RCU_TEST_REDIS: %v", err)
	}
	if err := c.FunctionFlush(ctx).Err(); err != nil {
		t.Fatalf("testkit: dropping the functions of the redis of RCU_TEST_REDIS: %v", err)
	}
}
