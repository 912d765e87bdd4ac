package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// Standard ports of the embedded servers.
const (
	KafkaPort      = 19092
	RedisPort      = 16379
	ClickHousePort = 18123
)

// portPatience is how long a taken port is tried again: the servers of a program that was just killed need a moment
// to be gone.
const portPatience = 3 * time.Second

// loopback checks that the port is free and gives its address; port 0 picks a free one.
func loopback(ctx context.Context, server string, port int) (string, int, error) {
	deadline := time.NewTimer(portPatience)
	defer deadline.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		addr, err := tryPort(ctx, port)
		if err == nil {
			return addr.String(), addr.Port, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", 0, fmt.Errorf("looking for the port of %s: %w", server, ctx.Err())
		case <-deadline.C:
			return "", 0, fmt.Errorf("port %d of %s is taken: stop the program that holds it or choose another port: %w", port, server, err)
		}
	}
}

func tryPort(ctx context.Context, port int) (*net.TCPAddr, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	addr, ok := ln.Addr().(*net.TCPAddr)
	if err := ln.Close(); err != nil || !ok {
		return nil, errors.Join(errors.New("closing a trial listener"), err)
	}
	return addr, nil
}
