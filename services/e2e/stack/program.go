package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/testkit"
)

// binaryVar names a program that is built already.
const binaryVar = "RCU_E2E_BINARY"

var folder = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "rcu-e2e-*") })

var build = sync.OnceValues(func() (string, error) {
	if given := os.Getenv(binaryVar); given != "" {
		return given, nil
	}
	dir, err := folder()
	if err != nil {
		return "", fmt.Errorf("making a folder for the program: %w", err)
	}
	_, file, _, _ := runtime.Caller(0)
	path := filepath.Join(dir, "rcu")
	cmd := exec.CommandContext(context.Background(), "go", "build", "-buildvcs=false", "-o", path, "./services/rcu") //nolint:gosec // fixed arguments
	cmd.Dir = filepath.Join(filepath.Dir(file), "..", "..", "..")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building rcu: %w\n%s", err, out)
	}
	return path, nil
})

// Program builds rcu once per test binary, and returns its path.
func Program(t testing.TB) string {
	t.Helper()
	path, err := build()
	require.NoError(t, err)
	return path
}

// NeedServers ends the test where the embedded servers cannot run.
func NeedServers(t testing.TB) {
	t.Helper()
	if _, err := embedded.FindRedis(t.Context(), ""); err != nil {
		testkit.Missing(t, testkit.BackendRedis, err.Error())
	}
	if ok, err := embedded.EngineInstalled(); err != nil || !ok {
		testkit.Missing(t, testkit.BackendClickHouse, "the engine is not installed: run scripts/setup")
	}
}
