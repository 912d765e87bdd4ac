package embedded_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/testkit"
)

// nices are the nice values of the threads of a process, and how many have each.
func nices(t *testing.T, pid int) map[int]int {
	t.Helper()
	tasks, err := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/stat")
	require.NoError(t, err)
	out := map[int]int{}
	for _, task := range tasks {
		raw, err := os.ReadFile(task)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
		nice, err := strconv.Atoi(fields[16])
		require.NoError(t, err)
		out[nice]++
	}
	return out
}

// TestClickHouseGivesWay: the threads of the engine come after this program for the processor. As root it puts one of its own before all others.
func TestClickHouseGivesWay(t *testing.T) {
	var own int
	for own = range nices(t, os.Getpid()) {
		break
	}
	c := testkit.ClickHouseServer(t, embedded.ClickHouseConfig{Nice: 3})
	require.Equal(t, "1", admin(t, c, "SELECT 1"))
	got := nices(t, c.PID())
	require.Greater(t, got[min(own+3, 19)], 10, "%v", got)
	if own < 19 { // nobody comes after the last
		require.NotContains(t, got, own)
	}
}
