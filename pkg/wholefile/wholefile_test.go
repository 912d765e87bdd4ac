package wholefile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/wholefile"
)

// names lists what a folder holds.
func names(t *testing.T, dir string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func content(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(raw)
}

func TestWrite_replacesTheFileAndWhatWasCutShortBesideIt(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".a.new"), []byte("half of a longer write"), 0o600))
	for _, text := range []string{"first", "2"} {
		require.NoError(t, wholefile.Write(path, []byte(text)))
		require.Equal(t, text, content(t, path))
		require.Equal(t, []string{"a"}, names(t, dir))
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, fs.FileMode(0o600), info.Mode().Perm())
}

func TestFill_thatFailsLeavesTheFileAsItWas(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	require.NoError(t, wholefile.Write(path, []byte("before")))
	full := errors.New("no space left")
	require.ErrorIs(t, wholefile.Fill(path, func(f *os.File) error {
		_, err := f.WriteString("aft")
		return errors.Join(err, full)
	}), full)
	require.Equal(t, "before", content(t, path))
	require.Equal(t, []string{"a"}, names(t, dir))
}

func TestCreate_ofManyAtOnceMakesOneWholeFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	var made atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			text := strings.Repeat(string(rune('a'+i)), 100_000)
			switch err := wholefile.Create(path, []byte(text)); {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, fs.ErrExist):
				t.Error(err)
			}
			if raw, err := os.ReadFile(path); err != nil || len(raw) != 100_000 {
				t.Errorf("%d bytes were found, %v", len(raw), err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, made.Load())
	text := content(t, path)
	require.Equal(t, strings.Repeat(text[:1], 100_000), text)
	require.Equal(t, []string{"a"}, names(t, dir))
	require.ErrorIs(t, wholefile.Create(path, nil), fs.ErrExist)
	require.Equal(t, text, content(t, path))
}
