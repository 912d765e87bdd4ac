package fleet

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// maxConns bounds the connections of a proxy.
const maxConns = 4096

// Proxy passes TCP connections on to one server, until it is told to disturb them.
type Proxy struct {
	ln     net.Listener
	target string

	mu       sync.Mutex
	pairs    map[*pair]struct{}
	refusing bool
	holding  chan struct{} // closed when bytes flow again; nil: they flow
	closed   bool
}

// pair is a connection and its continuation.
type pair struct{ in, out net.Conn }

func (x *pair) cut() {
	for _, c := range [...]net.Conn{x.in, x.out} {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // the other side sees a reset, as of a host that went away
		}
		_ = c.Close()
	}
}

// OpenProxy listens on addr and passes everything on to target.
func OpenProxy(ctx context.Context, addr, target string) (*Proxy, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("opening a proxy: %w", err)
	}
	p := &Proxy{ln: ln, target: target, pairs: map[*pair]struct{}{}}
	go p.accept()
	return p, nil
}

// Addr is where it listens.
func (p *Proxy) Addr() string { return p.ln.Addr().String() }

func (p *Proxy) accept() {
	for {
		in, err := p.ln.Accept()
		if err != nil {
			return
		}
		go p.serve(in)
	}
}

func (p *Proxy) serve(in net.Conn) {
	p.mu.Lock()
	refused := p.refusing || p.closed || len(p.pairs) >= maxConns
	p.mu.Unlock()
	if refused {
		_ = in.Close()
		return
	}
	out, err := net.DialTimeout("tcp", p.target, time.Second) //nolint:noctx // bounded by its time-out
	if err != nil {
		_ = in.Close()
		return
	}
	x := &pair{in, out}
	if !p.added(x) {
		x.cut()
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.pass(out, in) })
	both.Go(func() { p.pass(in, out) })
	both.Wait()
	_, _ = in.Close(), out.Close() // what was open
	p.mu.Lock()
	delete(p.pairs, x)
	p.mu.Unlock()
}

// added takes a pair in, unless connections are refused since its first half was taken.
func (p *Proxy) added(x *pair) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refusing || p.closed {
		return false
	}
	p.pairs[x] = struct{}{}
	return true
}

// pass copies one direction; its end ends the other one.
func (p *Proxy) pass(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			p.wait()
			if _, werr := to.Write(buf[:n]); werr != nil {
				err = werr
			}
		}
		if err != nil {
			if tcp, ok := to.(*net.TCPConn); ok && err == io.EOF { //nolint:errorlint // as Read gives it
				_ = tcp.CloseWrite()
				return
			}
			_, _ = to.Close(), from.Close()
			return
		}
	}
}

// wait blocks while bytes are held.
func (p *Proxy) wait() {
	p.mu.Lock()
	held := p.holding
	p.mu.Unlock()
	if held != nil {
		<-held
	}
}

// Cut resets a share of the open connections, at least one, and returns how many.
func (p *Proxy) Cut(r *rand.Rand, share float64) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for x := range p.pairs {
		if n == 0 || r.Float64() < share {
			p.drop(x)
			n++
		}
	}
	return n
}

// Refuse cuts everything, returns how many connections that were, and takes no new one until Restore.
func (p *Proxy) Refuse() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing = true
	n := len(p.pairs)
	for x := range p.pairs {
		p.drop(x)
	}
	return n
}

// drop cuts a pair that nobody counts from then on, though its ends have yet to be noticed.
func (p *Proxy) drop(x *pair) {
	x.cut()
	delete(p.pairs, x)
}

// Hold lets no byte pass until Restore, and returns how many connections wait.
func (p *Proxy) Hold() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.holding == nil {
		p.holding = make(chan struct{})
	}
	return len(p.pairs)
}

// Restore ends Refuse and Hold.
func (p *Proxy) Restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refusing = false
	if p.holding != nil {
		close(p.holding)
		p.holding = nil
	}
}

// Close ends everything.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Refuse()
	p.Restore()
	_ = p.ln.Close()
}
