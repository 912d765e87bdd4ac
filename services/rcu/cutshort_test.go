package main

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/boot"
)

// Whoever waits for a command takes exit code 0 for "done": one that was interrupted before has another.
func TestInterrupted_aCommandThatWasNotDoneSaysSo(t *testing.T) {
	dir, archive := t.TempDir(), filepath.Join(t.TempDir(), "x.tar.gz")
	h := home{dir}
	_, err := h.keys("")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(h.path("kafka", "data"), 0o700))
	require.NoError(t, os.WriteFile(h.path("kafka", "data", "0.dat"), make([]byte, 64<<20), 0o600))
	signals := make(chan os.Signal, 1)
	signals <- syscall.SIGTERM
	var told bytes.Buffer
	code := boot.Main("rcu", boot.IO{Args: []string{"--data", dir, "backup", archive}, Stdout: &told, Stderr: &told, Signals: signals}, run)
	require.Equal(t, boot.ExitInterrupted, code, told.String())
	require.Contains(t, told.String(), "interrupted before it was done")
	require.NoFileExists(t, archive)
}

func TestInterrupted_whatWorksUntilItIsToldHasEndedWell(t *testing.T) {
	for command, until := range map[string]bool{"up": true, "run <service>": true, "internal kafka": true, "backup <file>": false, "import <channel> <files>": false} {
		require.Equal(t, until, untilTold(command), command)
	}
}
