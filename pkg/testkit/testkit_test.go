package testkit_test

import (
	"net"
	"net/url"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/testkit"
)

func TestRedisIsFreshAndAnswers(t *testing.T) {
	for range 2 {
		c := redis.NewClient(&redis.Options{Addr: testkit.Redis(t)})
		defer func() { require.NoError(t, c.Close()) }()
		n, err := c.DBSize(t.Context()).Result()
		require.NoError(t, err)
		require.Zero(t, n)
		require.NoError(t, c.Set(t.Context(), "k", "v", 0).Err())
	}
}

func TestKafkaAnswers(t *testing.T) {
	conn, err := net.DialTimeout("tcp", testkit.Kafka(t)[0], time.Second)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
}

func TestKafkaProcessKeepsItsFolder(t *testing.T) {
	dir := t.TempDir()
	s := testkit.KafkaProcess(t, dir, "a")
	s.Kill()
	require.ErrorContains(t, s.Err(), "kafka ended")
	again := testkit.KafkaProcess(t, dir)
	require.NotEqual(t, s.PID(), again.PID())
	entries, err := os.ReadDir(dir + "/data")
	require.NoError(t, err)
	require.NotEmpty(t, entries)
}

func TestApacheKafkaKeepsItsFolderAndPort(t *testing.T) {
	testkit.Long(t)
	dir := t.TempDir()
	s := testkit.ApacheKafkaServer(t, embedded.ApacheKafkaConfig{Dir: dir})
	s.Kill()
	_, port, err := net.SplitHostPort(s.Addr())
	require.NoError(t, err)
	n, err := strconv.Atoi(port)
	require.NoError(t, err)
	again := testkit.ApacheKafkaServer(t, embedded.ApacheKafkaConfig{Dir: dir, Port: n})
	require.Equal(t, s.Addr(), again.Addr())
	require.FileExists(t, dir+"/data/meta.properties")
	require.NoError(t, again.Stop(t.Context()))
}

func TestNamesDiffer(t *testing.T) {
	first, second := testkit.Name(t, "x"), testkit.Name(t, "x")
	require.NotEqual(t, first, second)
}

func TestMissingBackendFailsOnlyWhenRequired(t *testing.T) {
	tests := []struct {
		name, require   string
		skipped, failed bool
	}{
		{"a skip by default", "", true, false},
		{"another backend is required", "kafka", true, false},
		{"this backend is required", "kafka,redis", false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("RCU_TEST_REQUIRE", tt.require)
			r := &recorder{TB: t}
			testkit.Missing(r, testkit.BackendRedis, "not here")
			require.Equal(t, tt.skipped, r.skipped)
			require.Equal(t, tt.failed, r.failed)
		})
	}
}

type recorder struct {
	testing.TB
	skipped, failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Skipf(string, ...any)  { r.skipped = !r.failed }
func (r *recorder) Fatalf(string, ...any) { r.failed = true }

func TestClickHouseDatabaseIsEmptyAndOwn(t *testing.T) {
	first, second := testkit.ClickHouse(t), testkit.ClickHouse(t)
	require.NotEqual(t, first, second)
}

func TestGivenServersAreUsedAndEmptied(t *testing.T) {
	addr := testkit.RedisServer(t).Addr()
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer func() { require.NoError(t, c.Close()) }()
	require.NoError(t, c.Set(t.Context(), "k", "v", 0).Err())
	t.Setenv("RCU_TEST_REDIS", addr)
	require.Equal(t, addr, testkit.Redis(t))
	n, err := c.DBSize(t.Context()).Result()
	require.NoError(t, err)
	require.Zero(t, n)

	t.Setenv("RCU_TEST_KAFKA", "a:1,b:2")
	require.Equal(t, []string{"a:1", "b:2"}, testkit.Kafka(t))

	given := testkit.ClickHouse(t)
	t.Setenv("RCU_TEST_CLICKHOUSE", given)
	own := testkit.ClickHouse(t)
	require.NotEqual(t, given, own, "a database of its own on the given server")
	a, err := url.Parse(given)
	require.NoError(t, err)
	b, err := url.Parse(own)
	require.NoError(t, err)
	require.Equal(t, a.Host, b.Host)
}

func TestData(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/x.csv", []byte("a"), 0o600))
	t.Setenv("RCU_DATA", dir)
	require.Equal(t, dir+"/x.csv", testkit.Data(t, "x.csv"))
	require.FileExists(t, testkit.Root(t)+"/go.work")
}

// stopped is a test that has failed.
type stopped struct{ testing.TB }

func (stopped) Fatalf(string, ...any) { panic("stopped") }

func TestMetric_isTheSumOfItsSeries(t *testing.T) {
	r := prometheus.NewRegistry()
	bought := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "rcu_shop_bought_total"}, []string{"shop", "kind"})
	require.NoError(t, r.Register(bought))
	require.Zero(t, testkit.Metric(t, r, "rcu_shop_bought_total"), "no series yet")
	bought.WithLabelValues("a", "hat").Add(2)
	bought.WithLabelValues("b", "hat").Add(3)
	bought.WithLabelValues("b", "sock").Inc()
	require.InDelta(t, 6, testkit.Metric(t, r, "rcu_shop_bought_total"), 0)
	require.Equal(t, map[string]float64{"a": 2, "b": 4}, testkit.MetricBy(t, r, "rcu_shop_bought_total", "shop"))
	require.Equal(t, map[string]float64{"hat a": 2, "hat b": 3, "sock b": 1}, testkit.MetricBy(t, r, "rcu_shop_bought_total", "kind", "shop"))
	require.Panics(t, func() { testkit.Metric(stopped{t}, r, "rcu_shop_bought") }, "a name that nobody registered is no zero")
}
