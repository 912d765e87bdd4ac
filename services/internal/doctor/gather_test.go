package doctor_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/vault"
	"rcu/pkg/warehouse"
	eventpb "rcu/schemas/event"
	"rcu/services/internal/doctor"
)

// site is a healthy installation on real servers; each test breaks one thing.
func site(t *testing.T) doctor.Target {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, vault.Create(filepath.Join(dir, "keys.json")))
	ring, err := vault.Load(filepath.Join(dir, "keys.json"))
	require.NoError(t, err)
	kafka := stream.DefaultConfig()
	kafka.Brokers, kafka.Partitions = testkit.Kafka(t), 2
	return doctor.Target{
		Kafka: kafka, RedisAddrs: []string{testkit.Redis(t)}, ClickHouseURL: testkit.ClickHouse(t), Data: dir,
		Keys: filepath.Join(dir, "keys.json"), Fingerprint: ring.Fingerprint(), Ports: map[string]string{"admin": "127.0.0.1:0"},
		Groups: []string{"reader"}, MaxLag: 5, MinFree: 1, Now: time.Now,
	}
}

// prepare makes topics and tables, as the first service does.
func prepare(t *testing.T, s doctor.Target) {
	t.Helper()
	c := connect(t, s)
	require.NoError(t, c.EnsureTopics(t.Context(), stream.Topics(s.Kafka.Partitions, s.Kafka.Replication)))
	cfg, err := warehouse.ParseURL(s.ClickHouseURL)
	require.NoError(t, err)
	w, err := warehouse.Open(cfg)
	require.NoError(t, err)
	require.NoError(t, w.Migrate(t.Context()))
	require.NoError(t, w.Close())
}

func connect(t *testing.T, s doctor.Target) *stream.Client {
	t.Helper()
	c, err := stream.Connect(s.Kafka, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// problems gives what is wrong, as check and what.
func problems(t *testing.T, s doctor.Target) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, f := range doctor.Examine(doctor.Gather(t.Context(), s)) {
		if f.State == doctor.Problem {
			require.NotEmpty(t, f.Do, "every problem says what to do")
			out[f.Check] += f.What
		}
	}
	return out
}

func TestDoctorNamesWhatWasPlanted(t *testing.T) {
	s := site(t)
	require.ElementsMatch(t, []string{"topics", "schema"}, keysOf(problems(t, s)), "nothing was prepared yet: topics missing, schema older")
	require.Contains(t, problems(t, s)["topics"], "rcu.events.store")
	require.Contains(t, problems(t, s)["schema"], "the tables have version 0")
	prepare(t, s)
	require.Empty(t, problems(t, s), "healthy")

	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	other := filepath.Join(t.TempDir(), "other.json")
	require.NoError(t, vault.Create(other))
	broken := filepath.Join(t.TempDir(), "broken.json")
	require.NoError(t, os.WriteFile(broken, []byte(`{"version":1`), 0o600))
	lagging(t, connect(t, s))

	tests := []struct {
		name, check, what string
		plant             func(*doctor.Target)
	}{
		{"missing kafka", "server", "kafka on 127.0.0.1:1 does not answer", func(s *doctor.Target) { s.Kafka.Brokers = []string{"127.0.0.1:1"} }},
		{"missing redis", "server", "redis on 127.0.0.1:1 does not answer", func(s *doctor.Target) { s.RedisAddrs = []string{"127.0.0.1:1"} }},
		{"missing redis of several", "server", "does not answer: 127.0.0.1:1: ", func(s *doctor.Target) { s.RedisAddrs = append(slices.Clone(s.RedisAddrs), "127.0.0.1:1") }},
		{"wrong version of one of several", "version", "has version 6.2.1, at least 7.0", func(s *doctor.Target) { s.RedisAddrs = append(slices.Clone(s.RedisAddrs), fakeRedis(t, "6.2.1", 0)) }},
		{"clock skew of one of several", "clock", "the clock of redis on", func(s *doctor.Target) {
			s.RedisAddrs = append(slices.Clone(s.RedisAddrs), fakeRedis(t, "7.0.15", -time.Hour))
		}},
		{"missing clickhouse", "server", "clickhouse on 127.0.0.1:1 does not answer", func(s *doctor.Target) { s.ClickHouseURL = "http://rcu:planted@127.0.0.1:1/rcu" }},
		{"a crash", "server", "rcu up ended without being stopped", func(s *doctor.Target) { s.Embedded, s.Crashed = []string{"redis"}, true }},
		{"wrong version", "version", "has version 6.2.1, at least 7.0", func(s *doctor.Target) { s.RedisAddrs = []string{fakeRedis(t, "6.2.1", 0)} }},
		{"port taken", "port", "admin wants to listen on " + taken.Addr().String(), func(s *doctor.Target) {
			s.Ports["admin"], s.Embedded = taken.Addr().String(), []string{"redis"}
		}},
		{"topics of another size", "topics", "not as they must be", func(s *doctor.Target) { s.Kafka.Partitions = 3 }},
		{"clock skew", "clock", "the clock of redis on", func(s *doctor.Target) { s.RedisAddrs = []string{fakeRedis(t, "7.0.15", time.Hour)} }},
		{"full disk", "disk", "free, at least", func(s *doctor.Target) { s.MinFree = 1 << 62 }},
		{"wrong key file", "keys", "another installation's key file", func(s *doctor.Target) { s.Keys = other }},
		{"broken key file", "keys", "cannot be used", func(s *doctor.Target) { s.Keys = broken }},
		{"lost key file", "keys", "cannot be used", func(s *doctor.Target) { s.Keys = filepath.Join(t.TempDir(), "none") }},
		{"lag", "lag", "records behind, more than 5", func(s *doctor.Target) { s.MaxLag = 5 }},
		{"engine not installed", "engine", "the ClickHouse engine is not installed", func(s *doctor.Target) { s.Embedded = []string{"clickhouse"}; t.Setenv("RCU_CACHE", t.TempDir()) }},
		{"redis-server not installed", "engine", "redis-server cannot be used", func(s *doctor.Target) { s.Embedded = []string{"redis"}; t.Setenv("PATH", t.TempDir()) }},
	}
	foreign, err := vault.Load(other)
	require.NoError(t, err)
	tests = append(tests, struct {
		name, check, what string
		plant             func(*doctor.Target)
	}{"a key file that was made anew", "keys", "is not the key file with which the keys in kafka were wrapped", func(s *doctor.Target) {
		s.Keys, s.Fingerprint = other, foreign.Fingerprint()
	}})
	sealed(t, s)
	s.MaxLag = 100
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			planted := s
			planted.Ports = map[string]string{"admin": "127.0.0.1:0"}
			tt.plant(&planted)
			got := problems(t, planted)
			require.Equal(t, []string{tt.check}, keysOf(got), "this and nothing else: %v", got)
			require.Contains(t, got[tt.check], tt.what)
			require.NotContains(t, fmt.Sprint(got), "planted", "no log-in in a finding")
		})
	}
}

// sealed has the installation publish a daily key, as an ingestor does before it seals.
func sealed(t *testing.T, s doctor.Target) {
	t.Helper()
	ring, err := vault.Load(s.Keys)
	require.NoError(t, err)
	p, err := connect(t, s).NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close(t.Context())) }()
	daily := vault.NewDaily(ring, func(ctx context.Context, w *eventpb.WrappedKey) error {
		r, err := stream.Encode(stream.TopicKeys, vault.DailyRecordKey(w.GetId()), proto.CloneOf(w), time.Now())
		require.NoError(t, err)
		return p.Publish(ctx, []stream.Record{r})
	})
	_, err = daily.Seal(t.Context(), "shop-fr", time.Now(), []byte("x"))
	require.NoError(t, err)
}

func keysOf(m map[string]string) []string {
	out := []string{}
	for k := range m {
		out = append(out, k)
	}
	return out
}

// lagging publishes ten records of which the group `reader` has committed one.
func lagging(t *testing.T, c *stream.Client) {
	t.Helper()
	p, err := c.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	records := make([]stream.Record, 0, 10)
	for i := range 10 {
		records = append(records, stream.Record{Topic: stream.TopicEventsStore, Key: []byte("k"), Value: []byte(strconv.Itoa(i)), Time: time.Now()})
	}
	require.NoError(t, p.Publish(t.Context(), records))
	require.NoError(t, p.Close(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	first := true
	consumer, err := c.NewConsumer(stream.ConsumerConfig{Group: "reader", Topics: []string{stream.TopicEventsStore}, BatchRecords: 1},
		handler(func(ctx context.Context, _ stream.Batch) error {
			if first {
				first = false
				return nil
			}
			cancel()
			return ctx.Err()
		}))
	require.NoError(t, err)
	require.NoError(t, consumer.Run(ctx))
}

type handler func(context.Context, stream.Batch) error

func (h handler) Batch(ctx context.Context, b stream.Batch) error { return h(ctx, b) }

// fakeRedis answers INFO and TIME as a server of that version whose clock is ahead.
func fakeRedis(t *testing.T, version string, ahead time.Duration) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go speakRedis(conn, version, ahead)
		}
	}()
	return ln.Addr().String()
}

func speakRedis(conn net.Conn, version string, ahead time.Duration) {
	defer func() { _ = conn.Close() }()
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		answer := ""
		switch strings.ToLower(lines.Text()) {
		case "info":
			text := "# Server\r\nredis_version:" + version + "\r\n"
			answer = fmt.Sprintf("$%d\r\n%s\r\n", len(text), text)
		case "time":
			at := strconv.FormatInt(time.Now().Add(ahead).Unix(), 10)
			answer = fmt.Sprintf("*2\r\n$%d\r\n%s\r\n$1\r\n0\r\n", len(at), at)
		case "hello", "client":
			answer = "-ERR unknown command\r\n"
		}
		if _, err := conn.Write([]byte(answer)); err != nil {
			return
		}
	}
}
