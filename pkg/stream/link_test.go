package stream_test

import (
	"context"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"rcu/pkg/stream"
)

// link is the network between a client and the broker, which a test may hold
// up or tear apart.
type link struct {
	mu     sync.Mutex
	frozen chan struct{} // closed at the thaw; nil when nothing is held up
	conns  map[*linkConn]struct{}
	// lose, when given, says whether the answer that is about to be read is
	// lost together with its connection.
	lose func(written []byte) bool
}

type linkConn struct {
	net.Conn
	link   *link
	closed chan struct{}
	once   sync.Once

	mu              sync.Mutex
	sent            []byte // what was written last
	readBy, writeBy time.Time
}

func (l *link) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &linkConn{Conn: conn, link: l, closed: make(chan struct{})}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conns == nil {
		l.conns = map[*linkConn]struct{}{}
	}
	l.conns[c] = struct{}{}
	return c, nil
}

// freeze lets nothing pass, as a paused machine would.
func (l *link) freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frozen = make(chan struct{})
}

// thaw lets everything pass that was held up.
func (l *link) thaw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.frozen != nil {
		close(l.frozen)
		l.frozen = nil
	}
}

// wait holds the caller up while the link is frozen, as far as the deadline.
func (l *link) wait(c *linkConn, deadline time.Time) error {
	l.mu.Lock()
	frozen := l.frozen
	l.mu.Unlock()
	if frozen == nil {
		return nil
	}
	left := time.Hour
	if !deadline.IsZero() {
		left = time.Until(deadline)
	}
	select {
	case <-frozen:
		return nil
	case <-c.closed:
		return net.ErrClosed
	case <-time.After(left):
		return os.ErrDeadlineExceeded
	}
}

func (c *linkConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	c.readBy, c.writeBy = t, t
	c.mu.Unlock()
	return c.Conn.SetDeadline(t)
}

func (c *linkConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	c.readBy = t
	c.mu.Unlock()
	return c.Conn.SetReadDeadline(t)
}

func (c *linkConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	c.writeBy = t
	c.mu.Unlock()
	return c.Conn.SetWriteDeadline(t)
}

func (c *linkConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	deadline := c.writeBy
	c.mu.Unlock()
	if err := c.link.wait(c, deadline); err != nil {
		return 0, err
	}
	c.mu.Lock()
	c.sent = append(c.sent[:0], b[:min(len(b), 64)]...)
	c.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *linkConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	deadline := c.readBy
	c.mu.Unlock()
	if werr := c.link.wait(c, deadline); werr != nil {
		return 0, werr
	}
	if c.link.lose != nil && n > 0 {
		c.mu.Lock()
		sent := c.sent
		c.sent = nil
		c.mu.Unlock()
		if len(sent) > 0 && c.link.lose(sent) {
			_ = c.Close()
			return 0, net.ErrClosed
		}
	}
	return n, err
}

func (c *linkConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.link.mu.Lock()
		delete(c.link.conns, c)
		c.link.mu.Unlock()
	})
	return c.Conn.Close()
}

// connectBy gives a client whose connections go over the link.
func (r *rig) connectBy(l *link) *stream.Client {
	r.t.Helper()
	c, err := stream.Connect(r.config(), stream.Deps{Log: quiet(r.t), Dial: l.dial})
	require.NoError(r.t, err)
	r.t.Cleanup(c.Close)
	r.t.Cleanup(l.thaw)
	require.NoError(r.t, c.Wait(r.t.Context()))
	return c
}

// quiet logs warnings when the test is verbose.
func quiet(t testing.TB) *zap.Logger {
	t.Helper()
	if testing.Verbose() {
		return zaptest.NewLogger(t, zaptest.Level(zap.WarnLevel))
	}
	return zap.NewNop()
}
