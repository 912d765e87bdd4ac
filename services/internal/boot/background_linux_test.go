package boot_test

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/boot"
)

// inBackground makes the test binary a program in the background, which says the priorities of its threads.
const inBackground = "RCU_TEST_IN_BACKGROUND"

func TestBackground_everyThreadHasTheLowestPriority(t *testing.T) {
	if os.Getenv(inBackground) != "" {
		saysPriorities(t)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", t.Name(), "-test.v")
	cmd.Env = append(os.Environ(), inBackground+"=1")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	threads := 0
	for line := range strings.Lines(string(out)) {
		if nice, ours := strings.CutPrefix(strings.TrimSpace(line), "nice "); ours {
			require.Equal(t, "19", nice)
			threads++
		}
	}
	require.GreaterOrEqual(t, threads, 8, string(out))
}

// saysPriorities has threads before and after, and prints what the system says of each.
func saysPriorities(t *testing.T) {
	t.Helper()
	end := make(chan struct{})
	defer close(end)
	threads := func() {
		for range 4 {
			has := make(chan struct{})
			go func() {
				runtime.LockOSThread() // for good: it is its own until the end
				close(has)
				<-end
			}()
			<-has
		}
	}
	threads()
	require.NoError(t, boot.OS().Background())
	threads()
	tasks, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	for _, task := range tasks {
		raw, err := os.ReadFile("/proc/self/task/" + task.Name() + "/stat")
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		require.NoError(t, err)
		_, rest, _ := strings.Cut(string(raw), ") ")
		_, err = io.WriteString(os.Stdout, "nice "+strings.Fields(rest)[16]+"\n")
		require.NoError(t, err)
	}
}

func TestBackground_memoryIsCollectedByWhatIsInUse(t *testing.T) {
	percent := debug.SetGCPercent(-1)
	limit := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) })
	for name, c := range map[string]struct {
		env   []string
		limit int64
	}{
		"nothing is set":     {nil, math.MaxInt64},
		"the operator's own": {[]string{"GOMEMLIMIT=" + strconv.Itoa(1<<30), "GOGC=50"}, 1 << 30},
	} {
		t.Run(name, func(t *testing.T) {
			yielded := 0
			world := boot.IO{Env: c.env, Yield: func() error { yielded++; return nil }, Stderr: io.Discard}
			require.Zero(t, boot.Main("rcu", world, func(_ context.Context, world boot.IO) error {
				if c.env != nil {
					debug.SetMemoryLimit(1 << 30) // as the runtime does for the operator
				}
				return world.Background()
			}))
			require.Equal(t, c.limit, debug.SetMemoryLimit(-1))
			require.Equal(t, 1, yielded)
		})
	}
	failing := boot.IO{Yield: func() error { return errors.New("no") }}
	require.EqualError(t, failing.Background(), "letting everything else on this machine go first: no")
}
