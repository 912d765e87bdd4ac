package stack

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Embedded servers, by what stands on their command lines.
const (
	Redis      = "redis-server"
	Kafka      = "internal kafka"
	ClickHouse = "internal clickhouse"
)

// KillServer ends an embedded server by kill -9 and waits until the program, which cannot work without it, has ended too.
func (s *Stack) KillServer(t testing.TB, server string) {
	t.Helper()
	require.NoError(t, syscall.Kill(s.child(t, server), syscall.SIGKILL))
	select {
	case <-s.ended:
		require.Error(t, s.exit, "a program that lost its server says so")
	case <-time.After(stopLimit):
		s.end()
		require.Fail(t, "the program does not notice that a server is gone", "%s\n%s", server, s.logTail())
	}
}

// child finds a child of the program in /proc.
func (s *Stack) child(t testing.TB, server string) int {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, line := range lines {
		command, err := os.ReadFile(line) //nolint:gosec // a file of /proc
		if err != nil || !bytes.Contains(bytes.ReplaceAll(command, []byte{0}, []byte{' '}), []byte(server)) {
			continue
		}
		status, err := os.ReadFile(filepath.Join(filepath.Dir(line), "status"))
		if err == nil && bytes.Contains(status, []byte("\nPPid:\t"+strconv.Itoa(s.PID)+"\n")) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(line)))
			require.NoError(t, err)
			return pid
		}
	}
	require.Fail(t, "the program has no such server", server)
	return 0
}
