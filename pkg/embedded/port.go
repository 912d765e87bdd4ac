package embedded

import (
	"context"
	"fmt"
	"net"
	"strconv"
)

// Standard ports of the embedded servers.
const (
	KafkaPort      = 19092
	RedisPort      = 16379
	ClickHousePort = 18123
)

// loopback checks that the port is free and gives its address; port 0 picks a free one.
func loopback(ctx context.Context, server string, port int) (string, int, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return "", 0, fmt.Errorf("port %d of %s is taken: stop the program that holds it or choose another port: %w", port, server, err)
	}
	defer func() { _ = ln.Close() }()
	addr := ln.Addr().String()
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("reading the address of %s: %w", server, err)
	}
	got, err := strconv.Atoi(text)
	if err != nil {
		return "", 0, fmt.Errorf("reading the port of %s: %w", server, err)
	}
	return addr, got, nil
}
