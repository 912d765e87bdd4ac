package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/auth"
	"rcu/pkg/testkit"
	"rcu/services/ingest"
)

func TestListsAreMadeOnceAndOpenForTheirKeys(t *testing.T) {
	h, s := home{t.TempDir()}, defaultSettings()
	require.NoError(t, h.makeLists(s))
	readers, err := auth.LoadReaders(h.path("readers.yaml"))
	require.NoError(t, err)
	keys, err := h.readerKeys()
	require.NoError(t, err)
	for name, key := range keys {
		reader, err := readers.Lookup(key)
		require.NoError(t, err)
		require.Equal(t, name, reader.Name)
	}
	before, err := os.ReadFile(h.path("sources.yaml"))
	require.NoError(t, err)
	require.NoError(t, h.makeLists(s))
	after, err := os.ReadFile(h.path("sources.yaml"))
	require.NoError(t, err)
	require.Equal(t, before, after, "a second start keeps the keys")

	given := home{t.TempDir()}
	s.Sources, s.Readers = "/etc/rcu/sources.yaml", "/etc/rcu/readers.yaml"
	require.NoError(t, given.makeLists(s))
	entries, err := os.ReadDir(given.dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestExampleListsAreRead(t *testing.T) {
	examples := filepath.Join(testkit.Root(t), "deploy", "examples")
	_, err := auth.LoadReaders(filepath.Join(examples, "readers.yaml"))
	require.NoError(t, err)
	sources, err := ingest.LoadSources(filepath.Join(examples, "sources.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, sources)
}
