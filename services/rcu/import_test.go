package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/auth"
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
	out, _, code := call(t, "", "import", "callcentre", file, "--map", mapping, "--dry-run", "--json", "--data", dir)
	require.Equal(t, exitRows, code, "a row is bad")
	var sum importer.Summary
	require.NoError(t, json.Unmarshal([]byte(out), &sum))
	require.Equal(t, 2, sum.Report.Rows)
	require.Equal(t, 1, sum.Report.Events)
	require.Equal(t, map[string]int{"time": 1}, sum.Report.Bad)
	require.Equal(t, 3, sum.Report.Examples[0].Line)

	text, said, code := call(t, "", "import", "callcentre", file, "--map", mapping, "--dry-run", "--data", dir)
	require.Equal(t, exitRows, code)
	require.Contains(t, said, "1 rows or events were refused")
	require.Contains(t, text, "line 3: time")
	require.NotContains(t, text, "when")
}

// The exit code tells a script apart: everything is in, some of it is not, the import could not be made, and somebody ended it.
func TestImport_exitCodes(t *testing.T) {
	for name, c := range map[string]struct {
		lines  string
		status int
		answer string
		want   int
	}{
		"all are in":             {"{\"id\":\"a\"}\n", 200, `{"results":[{"index":0,"status":"accepted"}]}`, boot.ExitOK},
		"consent dropped one":    {"{\"id\":\"a\"}\n", 200, `{"results":[{"index":0,"status":"dropped","reason":"consent"}]}`, boot.ExitOK},
		"one was there before":   {"{\"id\":\"a\"}\n", 200, `{"results":[{"index":0,"status":"accepted","duplicate":true}]}`, boot.ExitOK},
		"the only row is bad":    {"no event\n", 200, `{"results":[]}`, exitRows},
		"one is in, one is not":  {"{\"id\":\"a\"}\n{\"id\":\"b\"}\n", 200, `{"results":[{"index":0,"status":"accepted"},{"index":1,"status":"rejected","errors":[{"reason":"required","field":"/type"}]}]}`, exitRows},
		"the key is not known":   {"{\"id\":\"a\"}\n", 401, `{"reason":"unknown_key"}`, boot.ExitError},
		"somebody interrupts it": {"{\"id\":\"a\"}\n", 0, ``, boot.ExitInterrupted},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "events.ndjson")
			require.NoError(t, os.WriteFile(file, []byte(c.lines), 0o600))
			signals := make(chan os.Signal, 1)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if c.status == 0 {
					_, _ = io.Copy(io.Discard, r.Body) // then the server sees that the caller has gone
					signals <- os.Interrupt
					<-r.Context().Done()
					return
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.answer)
			}))
			defer server.Close()
			for _, again := range []string{"first", "again"} {
				if c.status == 0 && again == "again" {
					continue
				}
				var out, said bytes.Buffer
				args := []string{"--json", "import", "store", file, "--key", "k", "--url", server.URL, "--data", dir}
				code := boot.Main("rcu", boot.IO{Args: args, Stdout: &out, Stderr: &said, Signals: signals}, run)
				require.Equal(t, c.want, code, "%s: %s%s", again, out.String(), said.String())
				require.True(t, json.Valid(out.Bytes()), "what happened is told: %s", out.String())
			}
		})
	}
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

// A key is changed while its source sends: the new one works before the old one ends, and whoever may read the list still may.
func TestKey_rotation(t *testing.T) {
	dir := t.TempDir()
	h := home{dir}
	require.NoError(t, h.makeLists(defaultSettings()))
	own := filepath.Join(t.TempDir(), "own.yaml")
	raw, err := os.ReadFile(h.path("sources.yaml"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(own, append([]byte("# ours\n"), raw...), 0o600))
	require.NoError(t, os.Chmod(own, 0o640))
	link := own + ".link"
	require.NoError(t, os.Symlink(own, link))
	for kind, c := range map[string]struct {
		name, file string
		args       []string
		kept       bool
		keys       func(raw []byte) (map[auth.Hash]string, error)
	}{
		"source":     {"till-paris-1", h.path("sources.yaml"), nil, true, sourceHashes},
		"reader":     {"desk", h.path("readers.yaml"), nil, true, readerHashes},
		"source own": {"till-paris-1", own, []string{"--set", "sources=" + link}, false, sourceHashes},
	} {
		t.Run(kind, func(t *testing.T) {
			args := append([]string{"--data", dir, "key", strings.Fields(kind)[0], c.name}, c.args...)
			valid := func(key string) bool {
				raw, err := os.ReadFile(c.file)
				require.NoError(t, err)
				names, err := c.keys(raw)
				require.NoError(t, err)
				return names[auth.HashKey(key)] == c.name
			}
			before, err := os.ReadFile(c.file)
			require.NoError(t, err)
			first, _, code := call(t, "", args...)
			require.Zero(t, code)
			first = strings.TrimSpace(first)
			second, said, code := call(t, "", append(args, "--rotate")...)
			require.Zero(t, code, said)
			second = strings.TrimSpace(second)
			if c.kept {
				require.True(t, valid(first))
				again, _, code := call(t, "", args...)
				require.Zero(t, code)
				require.Equal(t, second, strings.TrimSpace(again), "commands on this machine use the new one")
			}
			require.True(t, valid(second))
			_, said, code = call(t, "", append(args, "--rotate")...)
			require.Equal(t, boot.ExitUsage, code)
			require.Contains(t, said, "revoke the old one first")
			_, said, code = call(t, "", append(args, "--revoke")...)
			require.Zero(t, code, said)
			require.True(t, valid(second))
			require.False(t, valid(first))
			after, err := os.ReadFile(c.file)
			require.NoError(t, err)
			require.Len(t, after, len(before), "a digest is changed, and nothing else")
			_, _, code = call(t, "", append(args, "--rotate", "--revoke")...)
			require.Equal(t, boot.ExitUsage, code)
			_, _, code = call(t, "", append(args, "--rotate", "--for", "1h")...)
			require.Zero(t, code)
			raw, err := os.ReadFile(c.file)
			require.NoError(t, err)
			require.Contains(t, string(raw), "old_key_until")
		})
	}
	info, err := os.Lstat(own)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o640), info.Mode().Perm())
	info, err = os.Lstat(link)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeSymlink)
}

func sourceHashes(raw []byte) (map[auth.Hash]string, error) {
	entries, err := ingest.ParseSources(raw)
	out := map[auth.Hash]string{}
	for _, e := range entries {
		out[e.Hash] = e.Principal.Name
	}
	return out, err
}

func readerHashes(raw []byte) (map[auth.Hash]string, error) {
	entries, err := auth.ParseReaders(raw)
	out := map[auth.Hash]string{}
	for _, e := range entries {
		out[e.Hash] = e.Principal.Name
	}
	return out, err
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
