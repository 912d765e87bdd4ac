package embedded_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/testkit"
)

func TestNoChildOutlivesItsParent(t *testing.T) {
	engine, err := embedded.EngineInstalled()
	require.NoError(t, err)
	if !engine {
		testkit.Missing(t, testkit.BackendClickHouse, "the engine is not installed: run scripts/setup")
	}
	dir := t.TempDir()
	parent := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHelperParent$")
	parent.Env = append(os.Environ(), "RCU_HELPER_DIR="+dir)
	require.NoError(t, parent.Start())
	var pids []int
	require.Eventually(t, func() bool {
		raw, err := os.ReadFile(filepath.Join(dir, "pids"))
		return err == nil && json.Unmarshal(raw, &pids) == nil
	}, 30*time.Second, 20*time.Millisecond)
	require.Len(t, pids, 4)
	for _, pid := range pids {
		require.True(t, running(pid))
	}
	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	require.Eventually(t, func() bool {
		return !slices.ContainsFunc(pids, running)
	}, 10*time.Second, 10*time.Millisecond)
	_, err = os.Stat(filepath.Join(dir, "ephemeral"))
	require.ErrorIs(t, err, os.ErrNotExist, "the child removes an ephemeral folder")
}

// TestHelperParent is the parent that the test above kills.
func TestHelperParent(t *testing.T) {
	dir := os.Getenv("RCU_HELPER_DIR")
	if dir == "" {
		return
	}
	ctx := context.Background()
	r, err := embedded.StartRedis(ctx, embedded.RedisConfig{Dir: filepath.Join(dir, "redis")})
	require.NoError(t, err)
	k, err := embedded.StartKafka(ctx, embedded.KafkaConfig{Dir: filepath.Join(dir, "kafka"), Child: testkit.Child(t)})
	require.NoError(t, err)
	c, err := embedded.StartClickHouse(ctx, embedded.ClickHouseConfig{Dir: filepath.Join(dir, "ch"), Child: testkit.Child(t)})
	require.NoError(t, err)
	e, err := embedded.StartClickHouse(ctx, embedded.ClickHouseConfig{Dir: filepath.Join(dir, "ephemeral"), Child: testkit.Child(t), Ephemeral: true})
	require.NoError(t, err)
	raw, err := json.Marshal([]int{r.PID(), k.PID(), c.PID(), e.PID()})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pids.new"), raw, 0o600))
	require.NoError(t, os.Rename(filepath.Join(dir, "pids.new"), filepath.Join(dir, "pids")))
	select {}
}

// running reports whether the process lives; one that has ended and was not collected does not.
func running(pid int) bool {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return false
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	return !strings.HasPrefix(rest, "Z")
}
