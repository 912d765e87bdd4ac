package load_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/chaos/fleet"
	"rcu/services/e2e/chaos/load"
)

// counter takes decisions and contacts, answers one request in three, and lets through whom its rule says.
type counter struct {
	mu      sync.Mutex
	calls   int
	granted map[string]bool
	made    map[string]map[string]bool
	allow   func(granted bool, made int) bool
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var body struct {
		ID, Decision string
		Point        struct{ Value string }
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	who := body.Point.Value
	if c.calls++; c.calls%3 != 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if r.URL.Path == "/v1/consents" {
		c.granted[who] = body.Decision == "grant"
		_, _ = w.Write([]byte("{}"))
		return
	}
	if c.made[who] == nil {
		c.made[who] = map[string]bool{}
	}
	allowed := c.made[who][body.ID] || c.allow(c.granted[who], len(c.made[who]))
	if allowed {
		c.made[who][body.ID] = true
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"allowed": allowed})
}

// chosenAt lets people choose for a while.
func chosenAt(t *testing.T, allow func(granted bool, made int) bool, enough func(*load.Choices) bool) *load.Choices {
	t.Helper()
	server := httptest.NewServer(&counter{granted: map[string]bool{}, made: map[string]map[string]bool{}, allow: allow})
	t.Cleanup(server.Close)
	l := load.NewLedger()
	c := load.NewChooser(load.ChooserConfig{Consent: server.URL, Contacts: server.URL, Controller: "retail", Seed: 1, People: 2, Pause: 10 * time.Millisecond}, l)
	stop, done := make(chan struct{}), make(chan error, 1)
	go func() { done <- c.Run(t.Context(), stop) }()
	_ = fleet.Await(t.Context(), 10*time.Second, func(context.Context) error {
		if !enough(l.Choices()) {
			return context.DeadlineExceeded
		}
		return nil
	})
	close(stop)
	require.NoError(t, <-done)
	return l.Choices()
}

// People choose in turn until each step has its 200, and what must never be seen is.
func TestChooser(t *testing.T) {
	twice := func(c *load.Choices) bool { return c.Decisions() >= 24 }
	right := chosenAt(t, func(granted bool, made int) bool { return granted && made < load.ContactCap }, twice)
	require.Empty(t, right.Wrong())
	made := 0
	for _, p := range right.People() {
		made += len(p.Made)
		for i, d := range p.Decisions {
			require.Equal(t, i%2 == 0, d.Grant, "in turn")
		}
	}
	require.Positive(t, made)
	deaf := chosenAt(t, func(bool, int) bool { return true }, func(c *load.Choices) bool { return c.Decisions() >= 12 })
	require.NotEmpty(t, deaf.Wrong(), "a contact after a denial")
}
