package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// desk is an ingestor that knows ids, is busy now and then, and can be switched off after some requests.
type desk struct {
	mu       sync.Mutex
	requests int
	busy     int // every busy-th request is told to come back
	dieAfter int
	ids      map[string]int
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.requests++
	switch {
	case r.Header.Get("Authorization") != "Bearer k":
		w.WriteHeader(http.StatusUnauthorized)
		return
	case d.dieAfter > 0 && d.requests > d.dieAfter:
		w.WriteHeader(http.StatusBadRequest)
		return
	case d.busy > 0 && d.requests%d.busy == 0:
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	body, _ := io.ReadAll(r.Body)
	var results []map[string]any
	for l := range bytes.SplitSeq(bytes.TrimSpace(body), []byte("\n")) {
		var e struct{ ID string }
		_ = json.Unmarshal(l, &e)
		d.ids[e.ID]++
		switch {
		case strings.HasSuffix(e.ID, "7"):
			results = append(results, map[string]any{"id": e.ID, "status": "rejected", "field": "/data/total", "reason": "required"})
		case strings.HasSuffix(e.ID, "8"):
			results = append(results, map[string]any{"id": e.ID, "status": "dropped", "reason": "consent"})
		default:
			results = append(results, map[string]any{"id": e.ID, "status": "accepted"})
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"results": results})
}

const plainMapping = "name: p\nformat: csv\nzone: UTC\nevents:\n  - event: {id: =row.id, type: x, occurred_at: '2026-01-01T00:00:00Z'}\n"

func setUp(t *testing.T, d *desk, rows int) Config {
	t.Helper()
	d.ids = map[string]int{}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	var b strings.Builder
	b.WriteString("id\n")
	for i := range rows {
		fmt.Fprintf(&b, "e%d\n", i)
	}
	return Config{Channel: "store", Files: []string{file(t, "p.csv", b.String())}, MapFile: file(t, "p.yaml", plainMapping), URL: server.URL, Key: "k", StateDir: t.TempDir()}
}

func TestRunCountsWhatTheIngestorAnswers(t *testing.T) {
	d := &desk{busy: 3}
	cfg := setUp(t, d, 3000)
	told := 0
	cfg.Progress = func(p Progress) { told = max(told, p.Events) }
	sum, err := Run(context.Background(), cfg)
	require.NoError(t, err)
	require.True(t, sum.Done)
	require.Equal(t, 3000, sum.Sent)
	require.Equal(t, 3000, told)
	require.Equal(t, 2400, sum.Outcome.Accepted)
	require.Equal(t, map[string]int{"required /data/total": 300}, sum.Outcome.Rejected)
	require.Equal(t, map[string]int{"consent": 300}, sum.Outcome.Dropped)

	again, err := Run(context.Background(), cfg)
	require.NoError(t, err)
	require.Equal(t, 3000, again.Resent, "what was acknowledged is not sent again")
	require.Zero(t, again.Sent)
	require.Equal(t, sum.Outcome, again.Outcome)

	cfg.Again = true
	forced, err := Run(context.Background(), cfg)
	require.NoError(t, err)
	require.Equal(t, 3000, forced.Sent)
}

func TestRunGoesOnWhereItWasCutOff(t *testing.T) {
	d := &desk{dieAfter: 3}
	cfg := setUp(t, d, 4000)
	cfg.Parallel = 1
	first, err := Run(context.Background(), cfg)
	require.ErrorContains(t, err, "refused the request with 400")
	require.False(t, first.Done)
	require.Equal(t, 1500, first.Sent)
	d.dieAfter = 0
	second, err := Run(context.Background(), cfg)
	require.NoError(t, err)
	require.Equal(t, 1500, second.Resent)
	require.Equal(t, 2500, second.Sent)
	require.Equal(t, 3200, second.Outcome.Accepted, "the counts are those of the whole import")
	for id, n := range d.ids {
		require.Equal(t, 1, n, id)
	}
}

func TestRunRefusesWrongKey(t *testing.T) {
	cfg := setUp(t, &desk{}, 1)
	cfg.Key = "wrong"
	_, err := Run(context.Background(), cfg)
	require.ErrorContains(t, err, "--key")
	require.NotContains(t, err.Error(), "wrong")
}

func TestDryRunSendsNothing(t *testing.T) {
	d := &desk{}
	cfg := setUp(t, d, 10)
	cfg.DryRun = true
	sum, err := Run(context.Background(), cfg)
	require.NoError(t, err)
	require.Equal(t, 10, sum.Report.Events)
	require.Zero(t, d.requests)
}
