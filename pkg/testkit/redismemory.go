package testkit

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// RedisKind is what the keys with one beginning take in a Redis.
type RedisKind struct {
	Keys  int
	Bytes int64 // as MEMORY USAGE counts them, every element included
}

// RedisMemory walks over all keys of a Redis and adds up their memory by the kind that kindOf reads off a key. used is everything the server uses.
func RedisMemory(t testing.TB, addr string, kindOf func(key string) string) (kinds map[string]RedisKind, used int64) {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer func() { _ = c.Close() }()
	ctx := t.Context()
	kinds = map[string]RedisKind{}
	for cursor, done := uint64(0), false; !done; done = cursor == 0 {
		keys, next, err := c.Scan(ctx, cursor, "", 2000).Result()
		if err != nil {
			t.Fatalf("testkit: scanning redis: %v", err)
		}
		cursor = next
		p := c.Pipeline()
		sizes := make([]*redis.IntCmd, len(keys))
		for i, k := range keys {
			sizes[i] = p.MemoryUsage(ctx, k, 0)
		}
		if _, err := p.Exec(ctx); err != nil && len(keys) > 0 {
			t.Fatalf("testkit: asking for the memory of keys: %v", err)
		}
		for i, k := range keys {
			x := kinds[kindOf(k)]
			x.Keys, x.Bytes = x.Keys+1, x.Bytes+sizes[i].Val()
			kinds[kindOf(k)] = x
		}
	}
	info, err := c.InfoMap(ctx, "memory").Result()
	if err != nil {
		t.Fatalf("testkit: asking redis for its memory: %v", err)
	}
	for _, r := range info["Memory"]["used_memory"] {
		if r >= '0' && r <= '9' {
			used = used*10 + int64(r-'0')
		}
	}
	return kinds, used
}

// PrefixKind is the beginning of a key up to its first colon behind a hash tag, as the kinds of our keys are told apart.
func PrefixKind(key string) string {
	if rest, ok := strings.CutPrefix(key, "{"); ok {
		_, key, _ = strings.Cut(rest, "}:")
	}
	kind, _, _ := strings.Cut(key, ":")
	return kind
}
