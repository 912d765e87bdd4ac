package embedded

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
	"time"
)

// Standard ports of the embedded servers.
const (
	KafkaPort      = 19092
	RedisPort      = 16379
	ClickHousePort = 18123
)

// Free ports are taken below those that Linux (from 32768) and macOS (from 49152) give, unless they are set otherwise, to listeners on port 0 and to
// outgoing connections. A server of a Redis cluster listens 10000 above its port as well, which lies below them too and is nobody's free port.
const (
	firstFree = 10_000
	freePorts = 10_000
)

// portWheel gives the free ports one after another, from a random one on: programs that choose at the same time seldom choose the same.
type portWheel struct {
	begin int64
	given atomic.Int64
}

var wheel = portWheel{begin: rand.Int64N(freePorts)} //nolint:gosec // it spreads, it guards nothing

// FreePort gives a port of the loopback interface that nobody listens on now, for a server that listens on it later, or again after it was
// stopped: the system gives it to nobody meanwhile, and this process gives it again only after all others.
func FreePort(ctx context.Context) (int, error) { return wheel.next(ctx) }

func (w *portWheel) next(ctx context.Context) (int, error) {
	for range freePorts {
		port := firstFree + int((w.begin+w.given.Add(1))%freePorts)
		if port == KafkaPort || port == RedisPort || port == ClickHousePort {
			continue
		}
		if err := tryPort(ctx, port); err == nil {
			return port, nil
		}
	}
	return 0, fmt.Errorf("looking for a free port: all from %d to %d are taken", firstFree, firstFree+freePorts-1)
}

// ErrTaken says that another program has the port of a server; whoever chose the port knows how to choose another one.
var ErrTaken = errors.New("another program listens on it")

// portPatience is how long a taken port is tried again: the servers of a program that was just killed need a moment
// to be gone.
const portPatience = 3 * time.Second

// loopback checks that the port is free and gives its address; port 0 picks a free one.
func loopback(ctx context.Context, server string, port int) (string, int, error) {
	if port == 0 {
		free, err := FreePort(ctx)
		return loopbackAddress(free), free, err
	}
	deadline := time.NewTimer(portPatience)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := tryPort(ctx, port)
		if err == nil {
			return loopbackAddress(port), port, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", 0, fmt.Errorf("looking for the port of %s: %w", server, ctx.Err())
		case <-deadline.C:
			return "", 0, fmt.Errorf("port %d of %s is taken: %w", port, server, ErrTaken)
		}
	}
}

// tryPort listens on a port for a moment.
func tryPort(ctx context.Context, port int) error {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", loopbackAddress(port))
	if err != nil {
		return err
	}
	if err := ln.Close(); err != nil {
		return fmt.Errorf("closing a trial listener: %w", err)
	}
	return nil
}

func loopbackAddress(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
