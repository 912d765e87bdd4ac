package importer

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lane is an ingestor that keeps what it is sent, and is full for a while.
type lane struct {
	lanes map[string]int
	lines []string
	full  int // so many requests are told to come back
}

func (l *lane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if l.full > 0 {
		l.full--
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	l.lanes[r.URL.Query().Get("lane")]++
	body, _ := io.ReadAll(r.Body)
	var results []map[string]any
	for line := range strings.SplitSeq(strings.TrimSpace(string(body)), "\n") {
		l.lines = append(l.lines, line)
		results = append(results, map[string]any{"status": "accepted"})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"results": results})
}

func plainFile(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	path := filepath.Join(t.TempDir(), "events.ndjson.gz")
	require.NoError(t, os.WriteFile(path, b.Bytes(), 0o600))
	return path
}

func TestRun_linesAreEvents(t *testing.T) {
	l := &lane{lanes: map[string]int{}}
	server := httptest.NewServer(l)
	t.Cleanup(server.Close)
	large := `{"id":"` + strings.Repeat("x", MaxEvent) + `"}`
	text := "\xef\xbb\xbf" + `{"id":"1", "amount": 1.10}` + "\r\n\n  {\"id\":\"2\"}\n[1]\n{\"id\":\n" + large + "\n" + `{"id":"1", "amount": 1.10}` + "\n"
	cfg := Config{Channel: "store", Files: []string{plainFile(t, text)}, URL: server.URL, Key: "k", StateDir: t.TempDir(), History: true}
	sum, err := Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, []string{`{"id":"1", "amount": 1.10}`, `{"id":"2"}`, `{"id":"1", "amount": 1.10}`}, l.lines, "as they stand")
	require.Equal(t, map[string]int{"history": 1}, l.lanes)
	require.Equal(t, map[string]int{"unreadable": 2, "too-large": 1}, sum.Report.Bad)
	require.Equal(t, []int{4, 5, 6}, []int{sum.Report.Examples[0].Line, sum.Report.Examples[1].Line, sum.Report.Examples[2].Line})
	require.Equal(t, 3, sum.Outcome.Accepted)
	require.Equal(t, "events", sum.Mapping)

	cfg.History = false
	again, err := Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Zero(t, again.Sent, "the lane makes no other events of them")
	cfg.Again = true
	_, err = Run(t.Context(), cfg)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"history": 1, "": 1}, l.lanes)
}
