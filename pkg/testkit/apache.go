package testkit

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rcu/pkg/embedded"
)

// apache is the one node of Apache Kafka of a test binary: it takes seconds and some hundred megabytes, so tests share
// it, each with names of its own.
var apache struct {
	once   sync.Once
	server *embedded.Server
	err    error
}

// ApacheKafka gives the address (host:port) of an Apache Kafka: that of RCU_TEST_APACHE_KAFKA, else of a node that this
// test binary shares and that ends with it. Other tests' topics exist there: use Name for topics and groups.
func ApacheKafka(t testing.TB) string {
	t.Helper()
	if addr := os.Getenv("RCU_TEST_APACHE_KAFKA"); addr != "" {
		ran(t, BackendApacheKafka, "RCU_TEST_APACHE_KAFKA")
		return addr
	}
	script := apacheScript(t)
	apache.once.Do(func() { apache.server, apache.err = startApache(script) })
	if apache.err != nil {
		t.Fatalf("testkit: starting apache kafka: %v", apache.err)
	}
	ran(t, BackendApacheKafka, "scripts/kafka")
	return apache.server.Addr()
}

// ApacheKafkaServer gives a node of the test's own, as a process that the test may kill. It is killed with the test.
func ApacheKafkaServer(t testing.TB, cfg embedded.ApacheKafkaConfig) *embedded.Server {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	cfg.Script = apacheScript(t)
	s, err := embedded.StartApacheKafka(t.Context(), cfg)
	if err != nil {
		t.Fatalf("testkit: starting apache kafka: %v", err)
	}
	t.Cleanup(s.Kill)
	ran(t, BackendApacheKafka, "scripts/kafka")
	return s
}

// apacheScript skips where Apache Kafka was never fetched: tests fetch it only when they are required to run.
func apacheScript(t testing.TB) string {
	t.Helper()
	cache, err := embedded.CacheDir()
	if err != nil {
		Missing(t, BackendApacheKafka, err.Error())
	}
	if found, _ := filepath.Glob(filepath.Join(cache, "kafka", "*", "libs", "kafka_*.jar")); len(found) == 0 && !required(BackendApacheKafka) {
		Missing(t, BackendApacheKafka, "it is not fetched: run scripts/kafka fetch")
	}
	return filepath.Join(Root(t), "scripts", "kafka")
}

func startApache(script string) (*embedded.Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute) // may fetch the broker
	defer cancel()
	removeStale(filepath.Join(os.TempDir(), apacheFolder))
	dir, err := os.MkdirTemp("", apacheFolder)
	if err != nil {
		return nil, err
	}
	return embedded.StartApacheKafka(ctx, embedded.ApacheKafkaConfig{Script: script, Dir: dir})
}

const apacheFolder = "rcu-test-apache-kafka-*"

// removeStale removes what the shared nodes of earlier test binaries left: they die with their test binary, which
// cannot tidy up after them.
func removeStale(pattern string) {
	dirs, _ := filepath.Glob(pattern)
	for _, dir := range dirs {
		raw, err := os.ReadFile(filepath.Join(dir, "pid"))
		if err != nil {
			continue // just being made
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
		if err == nil && syscall.Kill(pid, 0) != nil {
			_ = os.RemoveAll(dir)
		}
	}
}
