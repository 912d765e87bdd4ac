package rebuild_test

import (
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/testkit"
	"rcu/services/internal/rebuild"
)

// TestLongHowFastRedisComesBack tells how fast a Redis is filled with as many people as RCU_REBUILD_PEOPLE says, and what it costs the
// processors: of the rebuild with the broker, which lies in the same process, and of redis-server. See docs/benchmarks.md.
func TestLongHowFastRedisComesBack(t *testing.T) {
	testkit.Long(t)
	i := newInstallation(t)
	i.live(peopleAsked(2000))
	for range 5 {
		s := testkit.RedisServer(t)
		c, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{s.Addr()}})
		require.NoError(t, err)
		own, server := ownCPU(t), serverCPU(t, s.Addr())
		report, err := rebuild.Redis(t.Context(), rebuild.Config{Progress: stepsOf(t)}, rebuild.Deps{Stream: i.client, Redis: c})
		require.NoError(t, err)
		t.Logf("%d components and %d leaves in %.3f s: %.0f components/s; processor time %.3f s of the rebuild and the broker, %.3f s of redis",
			report.Components, report.Leaves, report.Seconds, report.Rate, ownCPU(t)-own, serverCPU(t, s.Addr())-server)
		require.NoError(t, c.Close())
	}
}

// peopleAsked is how many people the environment asks for.
func peopleAsked(otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv("RCU_REBUILD_PEOPLE")); err == nil {
		return n
	}
	return otherwise
}

// stepsOf logs when each step of a rebuild begins.
func stepsOf(t *testing.T) func(string, int64, int64) {
	t.Helper()
	began, step := time.Now(), ""
	return func(now string, _, total int64) {
		if now != step {
			step = now
			t.Logf("%8.3f s: %s (%d)", time.Since(began).Seconds(), step, total)
		}
	}
}

// ownCPU is the processor time of this process, in seconds.
func ownCPU(t *testing.T) float64 {
	t.Helper()
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// serverCPU is the processor time of a Redis, in seconds.
func serverCPU(t *testing.T, addr string) (seconds float64) {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(context.WithoutCancel(t.Context()), "tcp", addr)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Write([]byte("INFO CPU\r\n"))
	require.NoError(t, err)
	answer := make([]byte, 4096)
	n, err := conn.Read(answer)
	require.NoError(t, err)
	for line := range strings.Lines(string(answer[:n])) {
		for _, name := range []string{"used_cpu_user:", "used_cpu_sys:"} {
			if text, ok := strings.CutPrefix(line, name); ok {
				x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
				require.NoError(t, err)
				seconds += x
			}
		}
	}
	return seconds
}
