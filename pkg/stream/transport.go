package stream

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
)

// dropEvery is the least time between two drops of all idle connections.
const dropEvery = 200 * time.Millisecond

// transport is the pool of connections, which forgets all of its idle
// connections when one turns out to be dead. A broker that was restarted leaves
// as many of them as requests were ever under way at once, and the pool of the
// library hands them out one by one: each try would meet another dead one, for
// minutes.
type transport struct {
	*kafka.Transport

	mu      sync.Mutex
	dropped time.Time
}

// RoundTrip implements kafka.RoundTripper.
func (t *transport) RoundTrip(ctx context.Context, addr net.Addr, req kafka.Request) (kafka.Response, error) {
	res, err := t.Transport.RoundTrip(ctx, addr, req)
	if err != nil && ctx.Err() == nil && broken(err) {
		t.drop(time.Now())
	}
	return res, err
}

// drop forgets the idle connections, unless that was just done.
func (t *transport) drop(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now.Sub(t.dropped) >= dropEvery {
		t.dropped = now
		t.CloseIdleConnections()
	}
}

// broken says that a connection was dead.
func broken(err error) bool {
	var nerr net.Error
	return errors.As(err, &nerr) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
