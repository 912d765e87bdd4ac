package profileapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/services/profileapi"
)

// gateClock is what gate G4 does in a read: it fetches registers, and computes the permissions of the person from them.
type gateClock struct {
	resolve.Cells
	mu   sync.Mutex
	took []time.Duration
}

func (c *gateClock) LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error) {
	if len(keys) == 0 || !strings.HasPrefix(keys[0], "cr:") {
		return c.Cells.LoadCells(ctx, keys)
	}
	began := time.Now()
	cells, err := c.Cells.LoadCells(ctx, keys)
	points := make([]consent.Point, len(cells))
	for i, x := range cells {
		register, _ := consent.DecodeRegister(x.Value)
		points[i] = consent.Point{Key: identifier.Key{Namespace: identifier.Email, Value: keys[i]}, Register: register}
	}
	consent.Permissions(points, clock.Unix())
	c.mu.Lock()
	c.took = append(c.took, time.Since(began))
	c.mu.Unlock()
	return cells, err
}

// BenchmarkReadGate says what gate G4 adds to a read of a profile over the HTTP handler with a real Redis: one round trip for the registers of all
// points of the person, their decoding and the mask. Beside it, one GET of a small packed value, which is what a packed answer would take instead.
func BenchmarkReadGate(b *testing.B) {
	w := redisWorld(b)
	names := customers(w, 200)
	for i := range names {
		w.send(web, "consent.decided", at(10, 8), fields{"consent": consentOf("email", fmt.Sprintf("customer%d@example.org", i), "marketing", "email", "grant")})
	}
	gate := &gateClock{Cells: w.cells}
	a := newAPI(b, w, func(c *profileapi.Config, d *profileapi.Deps) { c.AuditQueue, d.Cells = 1_000_000, gate })
	require.NoError(b, w.cells.SetPlain(b.Context(), []resolve.Plain{{Key: "packed", Value: make([]byte, 36)}}))
	var whole, packed []time.Duration
	i := 0
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, "/v1/profiles/"+names[i%len(names)]+"?purpose=marketing", nil)
		r.Header.Set("Authorization", "Bearer service")
		out := &quiet{header: http.Header{}}
		began := time.Now()
		a.service.Handler().ServeHTTP(out, r)
		whole = append(whole, time.Since(began))
		if out.code != http.StatusOK {
			b.Fatalf("status %d", out.code)
		}
		began = time.Now()
		if _, err := w.cells.GetPlain(b.Context(), []string{"packed"}); err != nil {
			b.Fatal(err)
		}
		packed = append(packed, time.Since(began))
		i++
	}
	for name, took := range map[string][]time.Duration{"read": whole, "gate": gate.took, "packed": packed} {
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Microseconds()), name+"-p50-us")
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), name+"-p99-us")
	}
}
