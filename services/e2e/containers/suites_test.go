package containers

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
)

// The suites of the packages that speak to servers, each on a container of its own.

func TestStreamsOnKafka(t *testing.T) {
	engine(t)
	suite(t, "./stream", "^TestSuite_apacheKafka$", 15, "RCU_TEST_LONG=1", "RCU_TEST_APACHE_KAFKA="+startKafka(t))
}

func TestStateOnRedis(t *testing.T) {
	engine(t)
	suite(t, "./resolve/stateredis", "^(TestCells|TestGraph|TestFunctionsComeBackAfterAFlush|TestTheGraphOfASpaceLiesInOneSlot)$", 15, "RCU_TEST_REDIS="+startRedis(t))
}

func TestWarehouseOnClickHouse(t *testing.T) {
	engine(t)
	suite(t, "./warehouse", "^Test(Migrate|Insert)", 4, "RCU_TEST_CLICKHOUSE="+loginTo(startClickHouse(t), "default"))
}

func loginTo(address, database string) string {
	u := url.URL{Scheme: "http", User: url.UserPassword("rcu", password), Host: address, Path: "/" + database}
	return u.String()
}

var passed = regexp.MustCompile(`(?m)^\s*--- PASS: `)

// suite runs tests of a package of pkg on the servers that the variables name, and wants so many of them to pass and none to skip.
func suite(t *testing.T, pkg, tests string, atLeast int, variables ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-count=1", "-v", "-parallel=4", "-timeout=15m", "-run", tests, pkg)
	cmd.Dir = filepath.Join(testkit.Root(t), "pkg")
	cmd.Env = append(append(os.Environ(), "RCU_TEST_LONG=", "GOFLAGS=-buildvcs=false"), variables...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NotContains(t, string(out), "--- SKIP")
	n := len(passed.FindAll(out, -1))
	require.GreaterOrEqual(t, n, atLeast, "%s", out)
	t.Logf("%s: %d tests passed", pkg, n)
}
