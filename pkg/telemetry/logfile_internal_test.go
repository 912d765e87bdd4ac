package telemetry

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLogFileTurns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	l, err := OpenLogFile(path)
	require.NoError(t, err)
	line := []byte(strings.Repeat("a", 1<<20-1) + "\n")
	for range 11 {
		n, err := l.Write(line)
		require.NoError(t, err)
		require.Equal(t, len(line), n)
	}
	require.Equal(t, "its last line: "+strings.Repeat("a", 300), l.LastLine())
	require.NoError(t, l.Close())
	for _, p := range []string{path, path + ".1"} {
		info, err := os.Stat(p)
		require.NoError(t, err)
		require.LessOrEqual(t, info.Size(), int64(maxLogBytes))
	}
	_, err = l.Write(line)
	require.NoError(t, err, "a closed log drops")
}
