package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/services/ingest"
	"rcu/services/internal/boot"
	"rcu/services/internal/importer"
)

func called(t *testing.T, args ...string) (stdout string, err error) {
	t.Helper()
	var out, log bytes.Buffer
	err = run(context.Background(), boot.IO{Args: args, Stdout: &out, Stderr: &log})
	return out.String(), err
}

func TestImportDryRunCountsRows(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "calls.csv")
	require.NoError(t, os.WriteFile(file, []byte("vru+line,call_id,customer_id,priority,type,date,vru_entry,vru_exit,vru_time,q_start,q_exit,q_time,outcome,ser_start,ser_exit,ser_time,server\n"+
		"A,1,0,0,PS,2010-08-01,0:10:10,0:10:27,17,0:00:00,0:00:00,0,HANG,0:00:00,0:00:00,0,N\nA,2,9,0,PS,2010-08-01,when,0:10:27,17,0:00:00,0:00:00,0,HANG,0:00:00,0:00:00,0,N\n"), 0o600))
	mapping := filepath.Join(testkit.Root(t), "deploy", "mappings", "technion-calls.yaml")
	out, err := called(t, "import", "callcentre", file, "--map", mapping, "--dry-run", "--json", "--data", dir)
	require.NoError(t, err)
	var sum importer.Summary
	require.NoError(t, json.Unmarshal([]byte(out), &sum))
	require.Equal(t, 2, sum.Report.Rows)
	require.Equal(t, 1, sum.Report.Events)
	require.Equal(t, map[string]int{"time": 1}, sum.Report.Bad)
	require.Equal(t, 3, sum.Report.Examples[0].Line)

	text, err := called(t, "import", "callcentre", file, "--map", mapping, "--dry-run", "--data", dir)
	require.NoError(t, err)
	require.Contains(t, text, "line 3: time")
	require.NotContains(t, text, "when")
}

func TestImportNeedsAKey(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.csv")
	require.NoError(t, os.WriteFile(file, []byte("a\n"), 0o600))
	_, err := called(t, "import", "store", file, "--map", file, "--data", t.TempDir())
	require.ErrorContains(t, err, "--source")
	_, err = called(t, "import", "store", file, "--map", file, "--source", "nobody", "--data", t.TempDir())
	require.ErrorContains(t, err, "nobody")
}

func TestDemoWritesFilesWithTheTruthApart(t *testing.T) {
	dir := t.TempDir()
	_, err := called(t, "demo", "--people", "30", "--out", dir, "--data", t.TempDir())
	require.NoError(t, err)
	truth, err := os.ReadFile(filepath.Join(dir, "truth.csv"))
	require.NoError(t, err)
	names, err := filepath.Glob(filepath.Join(dir, "*.ndjson"))
	require.NoError(t, err)
	events := 0
	for _, n := range names {
		raw, err := os.ReadFile(n)
		require.NoError(t, err)
		require.NotContains(t, string(raw), `"person"`)
		events += strings.Count(string(raw), "\n")
	}
	require.Equal(t, strings.Count(string(truth), "\n")-1, events)

	_, err = called(t, "demo", "--from", "yesterday", "--data", t.TempDir())
	require.ErrorContains(t, err, "--from")
	_, err = called(t, "demo", "--data", t.TempDir())
	require.ErrorContains(t, err, sourceKeysFile)
}

func TestDemoSourcesAreAValidList(t *testing.T) {
	file, keys, err := ingest.GenerateSources(demoSources())
	require.NoError(t, err)
	require.NotEmpty(t, file)
	require.Len(t, keys, len(demoSources()), "every source has a key")
	h := home{t.TempDir()}
	require.NoError(t, h.writeSourceKeys(keys))
	read, err := h.sourceKeys()
	require.NoError(t, err)
	require.Equal(t, keys, read)
	info, err := os.Stat(h.path(sourceKeysFile))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
