package fleet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken below the range from which systems give ports to outgoing connections: the port of a killed server must not be
// somebody else's when it comes back.
const (
	firstPort = 20_000
	portRange = 12_000
	portTries = 200
)

var errNoPort = errors.New("no free port found")

// ports gives each port once.
type ports struct{ given map[int]bool }

// next is a port that nobody holds now.
func (p *ports) next(ctx context.Context) (int, error) {
	if p.given == nil {
		p.given = map[int]bool{}
	}
	for range portTries {
		port := firstPort + rand.IntN(portRange)
		if p.given[port] {
			continue
		}
		var lc net.ListenConfig
		ln, err := lc.Listen(ctx, "tcp", loopback(port))
		if err != nil {
			continue
		}
		if err := ln.Close(); err != nil {
			return 0, fmt.Errorf("looking for a free port: %w", err)
		}
		p.given[port] = true
		return port, nil
	}
	return 0, errNoPort
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
