package testkit

import (
	"net"
	"strconv"
	"testing"

	"rcu/pkg/embedded"
)

// FreePort gives a port of the loopback interface on which the test, or a server of it, listens later: see embedded.FreePort.
func FreePort(t testing.TB) int {
	t.Helper()
	port, err := embedded.FreePort(t.Context())
	if err != nil {
		t.Fatalf("testkit: %v", err)
	}
	return port
}

// FreeAddress is the address of a FreePort.
func FreeAddress(t testing.TB) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(FreePort(t)))
}
