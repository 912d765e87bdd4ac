package load_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/chaos/load"
	"rcu/services/internal/demo"
)

func source(t *testing.T, seed uint64) *load.Source {
	t.Helper()
	s, err := load.NewSource(load.Mixture{Seed: seed, Customers: 50, People: 20, Until: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)})
	require.NoError(t, err)
	return s
}

func take(s *load.Source, n int) []demo.Event {
	out := make([]demo.Event, n)
	for i := range out {
		out[i] = s.Next()
	}
	return out
}

func TestMixture_sameSeedSameEvents(t *testing.T) {
	a, b := source(t, 1), source(t, 1)
	require.Equal(t, a.Decisions(), b.Decisions())
	require.Equal(t, take(a, 500), take(b, 500))
	require.NotEqual(t, take(source(t, 2), 500), take(source(t, 1), 500))
}

// desk is an ingestor that answers one request in three, and asks for one event in ten again.
type desk struct {
	mu       sync.Mutex
	calls    int
	events   int
	accepted map[string]int
}

func (d *desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls++; d.calls%3 != 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var results []map[string]any
	lines := bufio.NewScanner(r.Body)
	for lines.Scan() {
		var e struct{ ID string }
		_ = json.Unmarshal(lines.Bytes(), &e)
		if d.events++; d.events%10 == 0 {
			results = append(results, map[string]any{"status": "rejected", "retry": true})
			continue
		}
		d.accepted[r.Header.Get("Authorization")+e.ID]++
		results = append(results, map[string]any{"status": "accepted"})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"results": results})
}

func TestSender_sendsUntilEveryEventHasIts200(t *testing.T) {
	d := &desk{accepted: map[string]int{}}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	cfg := load.Config{URLs: map[string]string{}, Keys: map[string]string{}}
	for _, s := range demo.Sources() {
		cfg.URLs[s.Channel], cfg.Keys[s.Name] = server.URL, s.Name
	}
	events := take(source(t, 1), 400)
	distinct := map[load.Key]bool{}
	for _, e := range events {
		distinct[load.Key{Source: e.Source, ID: e.ID}] = true
	}
	l := load.NewLedger()
	s := load.NewSender(cfg, l)
	require.NoError(t, s.All(t.Context(), events))
	accepted, dropped := l.Accepted()
	require.Equal(t, len(distinct), accepted)
	require.Zero(t, dropped)
	require.Len(t, d.accepted, len(distinct))
	require.Positive(t, s.Retries())
}

func TestSender_endsWithItsContext(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	cfg := load.Config{URLs: map[string]string{demo.Store: server.URL, demo.Web: server.URL, demo.Mobile: server.URL, demo.CallCentre: server.URL}, Keys: map[string]string{}}
	require.Error(t, load.NewSender(cfg, load.NewLedger()).All(ctx, take(source(t, 1), 20)))
}
