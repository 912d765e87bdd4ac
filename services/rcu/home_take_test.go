package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/backup"
)

// Half of an archive is no state to work with, and none to archive.
func TestTake_refusesAFolderIntoWhichAnArchiveWasPutInPart(t *testing.T) {
	h := home{t.TempDir()}
	require.NoError(t, os.WriteFile(h.path(backup.Unfinished), nil, 0o600))
	for _, args := range [][]string{
		{"backup", filepath.Join(t.TempDir(), "x.tar.gz")}, {"rebuild", "redis"}, {"rebuild", "clickhouse"}, {"up"}, {"erasure", "replay"},
	} {
		_, told, code := call(t, "", append([]string{"--data", h.dir}, args...)...)
		require.Equal(t, 1, code, args)
		require.Contains(t, told, "was cut short: run rcu restore again with the same archive", args)
	}
	release, err := h.lock()
	require.NoError(t, err, "it is not held any more")
	release()
}

func TestTake_removesWhatAKilledRestoreUnpacked(t *testing.T) {
	h := home{t.TempDir()}
	left := h.path("restore.new", "kafka")
	require.NoError(t, os.MkdirAll(left, 0o700))
	release, err := h.take()
	require.NoError(t, err)
	defer release()
	require.NoDirExists(t, filepath.Dir(left))
}
