package testkit

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rcu/pkg/embedded"
)

// Kafka gives the brokers (host:port) of a Kafka: those of RCU_TEST_KAFKA, else a fresh in-memory broker inside the
// test binary. On given brokers other tests' topics exist: use Name for topics and groups.
func Kafka(t testing.TB) []string {
	t.Helper()
	if addr := os.Getenv("RCU_TEST_KAFKA"); addr != "" {
		ran(t, BackendKafka, "RCU_TEST_KAFKA")
		return strings.Split(addr, ",")
	}
	return []string{KafkaBroker(t).Addr()}
}

// KafkaBroker gives a fresh in-memory broker, with its fault injection (Cluster().ControlKey ...).
func KafkaBroker(t testing.TB, topics ...string) *embedded.Broker {
	t.Helper()
	b, err := embedded.OpenBroker(embedded.KafkaConfig{Topics: topics})
	if err != nil {
		t.Fatalf("testkit: starting kafka: %v", err)
	}
	t.Cleanup(b.Close)
	ran(t, BackendKafka, "embedded")
	return b
}

// KafkaProcess gives an embedded broker as a child process on the data in dir, which the test may kill.
func KafkaProcess(t testing.TB, dir string, topics ...string) *embedded.Server {
	t.Helper()
	s, err := embedded.StartKafka(t.Context(), embedded.KafkaConfig{Dir: dir, Topics: topics, Child: Child(t)})
	if err != nil {
		t.Fatalf("testkit: starting kafka: %v", err)
	}
	t.Cleanup(s.Kill)
	ran(t, BackendKafka, "embedded process")
	return s
}

var names atomic.Int64

// Name gives a name that no other test and no earlier run has used, for topics, groups and databases on shared
// servers.
func Name(t testing.TB, prefix string) string {
	t.Helper()
	return fmt.Sprintf("%s_%x_%d_%d", prefix, time.Now().UnixMicro(), os.Getpid(), names.Add(1))
}
