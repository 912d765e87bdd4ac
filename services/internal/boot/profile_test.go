package boot_test

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/boot"
)

func TestProfiled_leavesProcessorTimeAndMemoryInTheFolder(t *testing.T) {
	folder := t.TempDir()
	world := boot.IO{Env: []string{"RCU_PROFILE=" + folder}}
	failed := errors.New("no")
	require.ErrorIs(t, world.Profiled("resolver", func() error { return failed }), failed)
	for _, kind := range []string{"cpu", "allocs"} {
		file, err := os.Open(filepath.Join(folder, fmt.Sprintf("resolver-%d.%s.pprof", os.Getpid(), kind)))
		require.NoError(t, err)
		t.Cleanup(func() { _ = file.Close() })
		packed, err := gzip.NewReader(file)
		require.NoError(t, err)
		profile, err := io.ReadAll(packed)
		require.NoError(t, err)
		require.NotEmpty(t, profile)
	}
}

func TestProfiled_aFolderThatIsMissing(t *testing.T) {
	world := boot.IO{Env: []string{"RCU_PROFILE=" + filepath.Join(t.TempDir(), "none")}}
	worked := false
	require.ErrorContains(t, world.Profiled("sink", func() error { worked = true; return nil }), "making a profile: ")
	require.False(t, worked)
}

func TestProfiled_withoutAFolder(t *testing.T) {
	failed := errors.New("no")
	require.Equal(t, failed, boot.IO{}.Profiled("sink", func() error { return failed }))
}
