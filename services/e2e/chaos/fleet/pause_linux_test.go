package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func sleeping(t *testing.T) *Process {
	t.Helper()
	p := &Process{name: "sleeper", argv: []string{"sleep", "600"}, log: filepath.Join(t.TempDir(), "log"), told: func(string, error) {}}
	require.NoError(t, p.Start(t.Context()))
	t.Cleanup(p.Kill)
	return p
}

// stateOf is the letter that the kernel has for a process: T stands still.
func stateOf(pid int) (string, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(raw), ") ")
	return rest[:1], nil
}

func TestProcess_standsStillAndGoesOn(t *testing.T) {
	p := sleeping(t)
	wake, stopped := p.Pause()
	require.True(t, stopped)
	_, again := p.Pause()
	require.False(t, again, "it stands still already")
	p.awaitState(t, "T")
	require.True(t, wake())
	p.awaitState(t, "S")
	_, again = p.Pause()
	require.True(t, again)
}

// Who was killed while he stood still is another one when he is back.
func TestProcess_isKilledWhileItStandsStill(t *testing.T) {
	p := sleeping(t)
	wake, stopped := p.Pause()
	require.True(t, stopped)
	p.Kill()
	_, stopped = p.Pause()
	require.False(t, stopped, "it is down")
	require.NoError(t, p.Start(t.Context()))
	second, stopped := p.Pause()
	require.True(t, stopped, "the next life is another one")
	require.False(t, wake())
	p.awaitState(t, "T")
	_, stopped = p.Pause()
	require.False(t, stopped, "the end of the first pause is not the end of the second")
	require.True(t, second())
	p.awaitState(t, "S")
}

var errOther = errors.New("another state")

func (p *Process) awaitState(t *testing.T, want string) {
	t.Helper()
	require.NoError(t, Await(t.Context(), 10*time.Second, func(context.Context) error {
		got, err := stateOf(p.PID())
		if err == nil && got != want {
			err = fmt.Errorf("%s: %w", got, errOther)
		}
		return err
	}))
}
