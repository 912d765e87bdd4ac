package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// desks stand for the four ingestors behind one address.
type desks struct {
	mu    sync.Mutex
	calls int
	ids   map[string][]string // by key, in order of arrival
	kinds []string
}

func (d *desks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.calls++; d.calls%7 == 0 {
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	body, _ := io.ReadAll(r.Body)
	type result struct {
		Status string `json:"status"`
	}
	var out []result
	for l := range bytes.SplitSeq(bytes.TrimSpace(body), []byte("\n")) {
		var e envelope
		_ = json.Unmarshal(l, &e)
		key := r.Header.Get("Authorization")
		d.ids[key] = append(d.ids[key], e.ID)
		d.kinds = append(d.kinds, e.Type)
		out = append(out, result{"accepted"})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"results": out})
}

func desk(t *testing.T) (*desks, StreamConfig) {
	t.Helper()
	d := &desks{ids: map[string][]string{}}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	cfg := StreamConfig{URLs: map[string]string{}, Keys: map[string]string{}, Batch: 100}
	for _, s := range Sources() {
		cfg.URLs[s.Channel], cfg.Keys[s.Name] = server.URL, s.Name
	}
	return d, cfg
}

func TestReplaySendsConsentFirstAndKeepsTheOrderOfEachSource(t *testing.T) {
	d, cfg := desk(t)
	history := Default()
	history.People = 60
	told := 0
	cfg.Progress = func(c Counts) { told = c.Sent }
	counts, err := Replay(context.Background(), cfg, history, time.Millisecond)
	require.NoError(t, err)
	g, err := New(history)
	require.NoError(t, err)
	require.Equal(t, g.Len(), counts.Sent)
	require.Equal(t, g.Len(), told)
	require.Equal(t, g.Len(), counts.Outcome.Accepted)
	want, decisions := map[string][]string{}, 0
	for _, consents := range []bool{true, false} {
		g, _ := New(history)
		for e := range g.All() {
			if (e.Type == consentDecided) == consents {
				want["Bearer "+e.Source] = append(want["Bearer "+e.Source], e.ID)
				if consents {
					decisions++
				}
			}
		}
	}
	require.Equal(t, want, d.ids)
	for i, k := range d.kinds {
		require.Equal(t, i < decisions, k == consentDecided)
	}
}

func TestStreamEndsWithItsContextAndKeepsItsRate(t *testing.T) {
	d, cfg := desk(t)
	cfg.Rate = 2000
	ctx, cancel := context.WithCancel(context.Background())
	l := NewLoad(LoadConfig{Seed: 1, Start: time.Unix(1_700_000_000, 0)})
	started, n := time.Now(), 0
	counts, err := Stream(ctx, cfg, func() (Event, bool) {
		if n++; n > 200 {
			return Event{}, false
		}
		return l.Next(), true
	})
	require.NoError(t, err)
	require.Equal(t, 200, counts.Sent)
	require.GreaterOrEqual(t, time.Since(started), 95*time.Millisecond)
	cancel()
	_, err = Stream(ctx, cfg, func() (Event, bool) { return l.Next(), true })
	require.ErrorIs(t, err, context.Canceled)
	require.NotEmpty(t, d.ids)
}

func TestStreamTellsAWrongKeyWithoutNamingIt(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	t.Cleanup(server.Close)
	cfg := StreamConfig{URLs: map[string]string{Store: server.URL, Web: server.URL, Mobile: server.URL, CallCentre: server.URL}, Keys: map[string]string{"shop-fr": "secret"}}
	_, err := Stream(context.Background(), cfg, NewLoad(LoadConfig{Seed: 1}).endless)
	require.ErrorContains(t, err, "401")
	require.NotContains(t, err.Error(), "secret")
}

func (l *Load) endless() (Event, bool) { return l.Next(), true }
