package ingest_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	"rcu/services/ingest"
)

type noProducer struct{}

func (noProducer) Publish(context.Context, []stream.Record) error { return nil }

// benchSale is a ticket of three lines with a card, an e-mail and a name.
func benchSale(i int) string {
	return fmt.Sprintf(`{"id":"T12-%07d","type":"sale","version":1,"occurred_at":"2026-03-14T10:22:31+01:00","sent_at":"2026-03-14T10:22:35+01:00",
"identifiers":[{"namespace":"card","value":"99000%08d","proved":true},{"namespace":"email","value":"customer%d@example.org"},{"namespace":"ticket","value":"%d","scope":"paris-1/till-12/2026-03-14"}],
"traits":{"given_name":"Marie","family_name":"Durand","language":"fr"},
"data":{"total":{"amount":4599,"currency":"EUR"},"lines":[{"sku":"SKU-1001","category":"shoes","quantity":1,"unit_price":2999,"amount":2999},
{"sku":"SKU-2002","category":"socks","quantity":2,"unit_price":500,"amount":1000},{"sku":"SKU-3003","category":"care","quantity":1,"unit_price":600,"amount":600}]}}`, i, i, i, i)
}

func benchPage(i int) string {
	return page(fmt.Sprintf("p%d", i), fmt.Sprintf("ck%d", i%1000), at11)
}

// discard takes an answer without keeping it.
type discard struct {
	header http.Header
	code   int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) WriteHeader(code int)        { d.code = code }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }

func benchRig(b *testing.B, channel string) *rig {
	b.Helper()
	return newRig(b, channel, func(_ *ingest.Config, d *ingest.Deps) { d.Producer = noProducer{} })
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkHandler reports the time, processor time and allocations of one event, for batches of several sizes, with a
// producer that acknowledges at once and registers in memory.
func BenchmarkHandler(b *testing.B) {
	for _, kind := range []struct {
		name, channel string
		event         func(int) string
	}{{"sale", "store", benchSale}, {"page", "web", benchPage}} {
		for _, size := range []int{1, 50, 100} {
			b.Run(fmt.Sprintf("%s/batch=%d", kind.name, size), func(b *testing.B) {
				r := benchRig(b, kind.channel)
				if kind.channel == "web" {
					for i := range 1000 {
						r.send("web-1", decision(fmt.Sprintf("g%d", i), "cookie", fmt.Sprintf("ck%d", i), "unify_behaviour", "grant", at10))
					}
				}
				var events []string
				for i := range size {
					events = append(events, kind.event(i))
				}
				body := []byte("[" + strings.Join(events, ",") + "]")
				req := httptest.NewRequest(http.MethodPost, "/v1/events", nil)
				req.Header.Set("Authorization", "Bearer "+r.keys[kind.channel+"-1"])
				req.Header.Set("Content-Type", "application/json")
				reader := bytes.NewReader(body)
				r.clock.Store(received.UnixNano())
				b.ReportAllocs()
				start := cpu(b)
				n := 0
				for b.Loop() {
					reader.Reset(body)
					q := req.Clone(context.Background())
					q.Body, q.ContentLength = readCloser{reader}, int64(len(body))
					w := &discard{header: http.Header{}}
					r.clock.Add(int64(time.Millisecond))
					r.service.Handler().ServeHTTP(w, q)
					if w.code != http.StatusOK {
						b.Fatalf("status %d", w.code)
					}
					n += size
				}
				spent := cpu(b) - start
				b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "us/event")
				b.ReportMetric(float64(spent.Microseconds())/float64(n), "cpu-us/event")
			})
		}
	}
}

type readCloser struct{ *bytes.Reader }

func (readCloser) Close() error { return nil }
