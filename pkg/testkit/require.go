package testkit

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// Backends that RCU_TEST_REQUIRE can name.
const (
	BackendRedis       = "redis"
	BackendKafka       = "kafka"
	BackendApacheKafka = "apache-kafka"
	BackendClickHouse  = "clickhouse"
	BackendData        = "data"
	BackendDocker      = "docker"  // an engine of containers
	BackendBrowser     = "browser" // Chromium and axe-core
	BackendTmpfs       = "tmpfs"   // leave to mount one: a disk of a size that can be filled
)

// required reports whether a missing backend is a failure.
func required(backend string) bool {
	names := strings.FieldsFunc(os.Getenv("RCU_TEST_REQUIRE"), func(r rune) bool { return r == ',' || r == ' ' })
	return slices.Contains(names, backend)
}

// Missing ends the test because a backend is not there: a skip, or a failure where RCU_TEST_REQUIRE names it.
func Missing(t testing.TB, backend, why string) {
	t.Helper()
	if required(backend) {
		t.Fatalf("testkit: %s is required by RCU_TEST_REQUIRE: %s", backend, why)
	}
	t.Skipf("testkit: no %s: %s", backend, why)
}

// Ran writes one line that the test report turns into its table of suites and backends.
func ran(t testing.TB, backend, how string) {
	t.Helper()
	t.Logf("testkit: backend=%s from=%s", backend, how)
}

// Long skips a test of the long tier unless RCU_TEST_LONG is set.
func Long(t testing.TB) {
	t.Helper()
	if os.Getenv("RCU_TEST_LONG") == "" {
		t.Skip("testkit: long tier: set RCU_TEST_LONG=1")
	}
}

// Nightly skips a test that takes minutes and repeats at size what others hold, unless RCU_TEST_NIGHTLY is set.
func Nightly(t testing.TB) {
	t.Helper()
	if os.Getenv("RCU_TEST_NIGHTLY") == "" {
		t.Skip("testkit: nightly: set RCU_TEST_NIGHTLY=1")
	}
}
