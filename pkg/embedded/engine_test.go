package embedded_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/testkit"
)

func TestInstallEngineErrors(t *testing.T) {
	if _, err := embedded.EnginePath(); err != nil {
		testkit.Missing(t, testkit.BackendClickHouse, err.Error())
	}
	tests := []struct{ name, npm, errContains string }{
		{"npm is missing", "", "apt-get install npm"},
		{"npm fails", "echo 'npm error 404 not there' >&2; exit 1", "npm error 404 not there"},
		{"npm brings nothing", "exit 0", "0 packages came instead of one"},
		{"another package comes", `for a in "$@"; do case $a in --pack-destination=*) echo planted > "${a#*=}/x.tgz";; esac; done`, "another checksum than the pinned one"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bin, cache := t.TempDir(), t.TempDir()
			if tt.npm != "" {
				require.NoError(t, os.WriteFile(filepath.Join(bin, "npm"), []byte("#!/bin/sh\n"+tt.npm+"\n"), 0o700))
			}
			t.Setenv("PATH", bin)
			t.Setenv("RCU_CACHE", cache)
			_, err := embedded.InstallEngine(t.Context(), nil)
			require.ErrorContains(t, err, tt.errContains)
			installed, err := embedded.EngineInstalled()
			require.NoError(t, err)
			require.False(t, installed)
			left, err := os.ReadDir(filepath.Join(cache, "clickhouse"))
			require.NoError(t, err)
			require.Len(t, left, 1, "only the lock is left")
		})
	}
}
