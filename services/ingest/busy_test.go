package ingest_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	"rcu/services/ingest"
)

func TestBusy_boundedQueue_otherSourcesGetThrough(t *testing.T) {
	inside, release := make(chan struct{}, 16), make(chan struct{})
	var held atomic.Bool
	held.Store(true)
	slow := &gatedProducer{inside: inside, release: release, held: &held}
	r := newRig(t, "store", func(c *ingest.Config, d *ingest.Deps) {
		c.MaxInFlight, c.MaxWaiting, c.MaxWait = 4, 2, 50*time.Millisecond
		d.Producer = slow
	})
	var g sync.WaitGroup
	for range 3 {
		g.Go(func() { require.Equal(t, 200, r.do(r.request("store-1", sale("a", ""))).Code) })
		<-inside
	}
	w := r.do(r.request("store-1", sale("b", "")))
	require.Equal(t, http.StatusTooManyRequests, w.Code, "the source has its three of four")
	reason, _ := problemOf(t, w)
	require.Equal(t, "busy", reason)
	require.Equal(t, "1", w.Header().Get("Retry-After"))

	g.Go(func() { require.Equal(t, 200, r.do(r.request("store-slow", sale("c", ""))).Code) })
	<-inside
	start := time.Now()
	var refused atomic.Int64
	var many sync.WaitGroup
	for range 20 {
		many.Go(func() {
			if r.do(r.request("store-1", sale("d", ""))).Code == http.StatusTooManyRequests {
				refused.Add(1)
			}
		})
	}
	many.Wait()
	require.Equal(t, int64(20), refused.Load())
	require.Less(t, time.Since(start), 5*time.Second)
	held.Store(false)
	close(release)
	g.Wait()
	require.Equal(t, "accepted", statuses(r.send("store-1", sale("e", ""))))
	require.Contains(t, r.metrics(), `rcu_ingestor_queue_requests{channel="store"} 0`)
}

// gatedProducer holds every call until it is released.
type gatedProducer struct {
	producer
	inside, release chan struct{}
	held            *atomic.Bool
}

func (p *gatedProducer) Publish(ctx context.Context, records []stream.Record) error {
	if p.held.Load() {
		p.inside <- struct{}{}
		<-p.release
	}
	return p.producer.Publish(ctx, records)
}
