package testkit

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Relay is an address behind which a test puts one server after another.
type Relay struct {
	ln net.Listener

	mu     sync.Mutex
	target string
	conns  map[net.Conn]struct{}
}

// OpenRelay gives an address that passes connections on to a server until the test ends.
func OpenRelay(t testing.TB, target string) *Relay {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("testkit: opening a relay: %v", err)
	}
	r := &Relay{ln: ln, target: target, conns: map[net.Conn]struct{}{}}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { r.serve(in) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		r.To("")
		serving.Wait()
	})
	return r
}

// Addr is where it listens.
func (r *Relay) Addr() string { return r.ln.Addr().String() }

// To cuts every connection, and passes those that come from now on to another server.
func (r *Relay) To(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = target
	for c := range r.conns {
		_ = c.Close()
	}
	clear(r.conns)
}

// keep notes a connection, which the next To cuts; false: there was one since the target was this.
func (r *Relay) keep(c net.Conn, target string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.target != target {
		return false
	}
	r.conns[c] = struct{}{}
	return true
}

func (r *Relay) serve(in net.Conn) {
	defer func() { _ = in.Close() }()
	r.mu.Lock()
	target := r.target
	r.mu.Unlock()
	out, err := net.DialTimeout("tcp", target, time.Second) //nolint:noctx // bounded by its time-out
	if err != nil {
		return
	}
	defer func() { _ = out.Close() }()
	if !r.keep(in, target) || !r.keep(out, target) {
		return
	}
	var both sync.WaitGroup
	for _, pair := range [...][2]net.Conn{{in, out}, {out, in}} {
		both.Go(func() {
			_, _ = io.Copy(pair[0], pair[1])
			_, _ = in.Close(), out.Close() // the end of one direction is the end of both
		})
	}
	both.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, in)
	delete(r.conns, out)
}
