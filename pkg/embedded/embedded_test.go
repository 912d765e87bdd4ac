package embedded_test

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/testkit"
)

func TestRedisKeepsItsDataAfterKill(t *testing.T) {
	dir := t.TempDir()
	s := testkit.StartRedisIn(t, dir)
	c := redis.NewClient(&redis.Options{Addr: s.Addr(), MaxRetries: -1})
	require.NoError(t, c.Set(t.Context(), "k", "v", 0).Err())
	require.Equal(t, "noeviction", c.ConfigGet(t.Context(), "maxmemory-policy").Val()["maxmemory-policy"])
	require.Equal(t, "everysec", c.ConfigGet(t.Context(), "appendfsync").Val()["appendfsync"])
	require.NoError(t, c.Close())
	s.Kill()

	again := testkit.StartRedisIn(t, dir)
	c = redis.NewClient(&redis.Options{Addr: again.Addr()})
	got, err := c.Get(t.Context(), "k").Result()
	require.NoError(t, err)
	require.Equal(t, "v", got)
	require.NoError(t, c.Close())
	require.NoError(t, again.Stop(t.Context()))
	require.NoError(t, again.Err())
}

func TestKafkaKeepsItsDataAfterKill(t *testing.T) {
	dir := t.TempDir()
	s := testkit.KafkaProcess(t, dir, "topic")
	w := &kafka.Writer{Addr: kafka.TCP(s.Addr()), Topic: "topic", RequiredAcks: kafka.RequireAll, BatchTimeout: time.Millisecond}
	require.NoError(t, w.WriteMessages(t.Context(), kafka.Message{Key: []byte("k"), Value: []byte("v")}))
	require.NoError(t, w.Close())
	s.Kill()

	again := testkit.KafkaProcess(t, dir, "topic")
	require.Equal(t, "v", string(readOne(t, again.Addr(), "topic")))
	require.NoError(t, again.Stop(t.Context()))
	require.NoError(t, again.Err())
}

// readOne finds the first record of a topic, whatever its partition.
func readOne(t *testing.T, addr, topic string) []byte {
	t.Helper()
	for p := range 4 {
		conn, err := kafka.DialLeader(t.Context(), "tcp", addr, topic, p)
		require.NoError(t, err)
		last, err := conn.ReadLastOffset()
		require.NoError(t, err)
		if last == 0 {
			require.NoError(t, conn.Close())
			continue
		}
		_, err = conn.Seek(0, kafka.SeekAbsolute)
		require.NoError(t, err)
		m, err := conn.ReadMessage(1 << 10)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		return m.Value
	}
	t.Fatal("no partition holds a record")
	return nil
}

func TestStartErrors(t *testing.T) {
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	_, text, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)
	port, err := strconv.Atoi(text)
	require.NoError(t, err)
	script := func(body string) string {
		path := filepath.Join(t.TempDir(), "server")
		require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o700))
		return path
	}
	v7 := `if [ "$1" = --version ]; then echo "Redis server v=7.0.15 sha=0"; exit 0; fi; `
	tests := []struct {
		name, errContains string
		start             func() error
	}{
		{"the port is taken", "port " + text + " of redis is taken", func() error {
			_, err := embedded.StartRedis(t.Context(), embedded.RedisConfig{Dir: t.TempDir(), Port: port, Binary: script(v7)})
			return err
		}},
		{"redis is missing", "apt-get install redis-server", func() error {
			_, err := embedded.StartRedis(t.Context(), embedded.RedisConfig{Dir: t.TempDir(), Binary: "no-such-redis"})
			return err
		}},
		{"redis is too old", "6.2.1 is too old: version 7.0", func() error {
			_, err := embedded.StartRedis(t.Context(), embedded.RedisConfig{Dir: t.TempDir(), Binary: script(`echo "Redis server v=6.2.1"`)})
			return err
		}},
		{"redis ends at once", "its last line: no memory", func() error {
			_, err := embedded.StartRedis(t.Context(), embedded.RedisConfig{Dir: t.TempDir(), Binary: script(v7 + `echo "no memory" >&2; exit 3`)})
			return err
		}},
		{"the engine is no library", "loading the ClickHouse engine", func() error {
			_, err := embedded.StartClickHouse(t.Context(), embedded.ClickHouseConfig{Dir: t.TempDir(), Library: script(""), Child: testkit.Child(t)})
			return err
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { require.ErrorContains(t, tt.start(), tt.errContains) })
	}
}
