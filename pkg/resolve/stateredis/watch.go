package stateredis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/resolve"
)

// serverWatch knows the servers that answered, each by the id of its run, and counts how often another one came: a server that started again,
// a replica that took over, or one that comes back after it, may lack the last seconds of writes. A connection is looked at before its first command, so whoever reads
// from such a server reads in a later epoch than who planned on the one before.
type serverWatch struct {
	epoch   atomic.Uint64
	cluster bool
	slots   atomic.Bool               // a server keeps its keys in slots: the keys of a call must lie in one
	reload  func(ctx context.Context) // asks the servers of a cluster again who has which slots; nil beside a cluster

	mu    sync.Mutex
	known map[string]struct{}
	open  bool // the servers of the start are known
}

// maxServers bounds the servers remembered. One that was forgotten counts as another, which costs a look at the markers.
const maxServers = 1000

// opened ends the start: every server that is met from now on for the first time raises the epoch.
func (w *serverWatch) opened() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = true
}

// connected is called with every new connection before its first command. It refuses the one that shows another server, and those made for
// calls that were planned before.
func (w *serverWatch) connected(ctx context.Context, conn *redis.Conn) error {
	info, err := conn.Info(ctx, "server").Result()
	if err != nil {
		return fmt.Errorf("asking redis who it is: %w", err)
	}
	if infoField(info, "redis_mode") == "cluster" {
		w.slots.Store(true)
	}
	if w.met(infoField(info, "run_id")) {
		return resolve.ErrStateMoved
	}
	return w.checked(ctx)
}

// met reports whether a server counts as another one, and raises the epoch then.
func (w *serverWatch) met(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.known[id]; known {
		return false
	}
	if len(w.known) >= maxServers || !w.cluster && !faults.everKnown {
		clear(w.known) // beside a cluster there is one: who comes has taken the place of the one before, which lacks what is written from now on
	}
	w.known[id] = struct{}{}
	if w.open {
		w.epoch.Add(1)
	}
	return w.open
}

// infoField is what a server says of itself under a name.
func infoField(info, name string) string {
	for line := range strings.Lines(info) {
		if value, found := strings.CutPrefix(strings.TrimSpace(line), name+":"); found {
			return value
		}
	}
	return ""
}

// checked fails for a call that was planned in an earlier epoch.
func (w *serverWatch) checked(ctx context.Context) error {
	if epoch, bound := resolve.PlannedOn(ctx); bound && epoch != w.epoch.Load() {
		return resolve.ErrStateMoved
	}
	return nil
}

// lost raises the epoch of a cluster when a connection broke: the replica that takes over may have been connected to before, so that no new
// connection shows it. The library itself asks once a minute who has the slots of a server that it cannot reach.
func (w *serverWatch) lost(ctx context.Context, err error) {
	if !w.cluster || err == nil {
		return
	}
	var failed net.Error
	if w.reload != nil && (errors.As(err, &failed) || errors.Is(err, io.EOF)) {
		w.reload(ctx)
	}
	broken := errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	if broken || strings.HasPrefix(err.Error(), "READONLY") || strings.HasPrefix(err.Error(), "CLUSTERDOWN") {
		w.epoch.Add(1)
	}
}

// DialHook implements redis.Hook.
func (*serverWatch) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook implements redis.Hook.
func (w *serverWatch) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := w.checked(ctx); err != nil {
			cmd.SetErr(err)
			return err
		}
		err := next(ctx, cmd)
		w.lost(ctx, err)
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (w *serverWatch) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if err := w.checked(ctx); err != nil {
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
			return err
		}
		err := next(ctx, cmds)
		w.lost(ctx, err)
		return err
	}
}

// after is a version above v that was never given: a server that lost its last seconds would else give versions twice, to other values.
func (*Client) after(v uint64) uint64 {
	return max(v+1, uint64(time.Now().UnixMicro()))
}
