package embedded

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// givenBySystems is the first port that Linux gives to outgoing connections and to listeners on port 0; that of macOS is higher.
const givenBySystems = 32_768

func TestFreePort(t *testing.T) {
	seen := map[int]bool{}
	for range 200 {
		port, err := FreePort(t.Context())
		require.NoError(t, err)
		require.Greater(t, port, 1023, "of the system's own servers")
		require.Less(t, port+10_000, givenBySystems, "with the second port of a server of a Redis cluster")
		require.False(t, seen[port], "%d was given before", port)
		seen[port] = true
		ln, err := net.Listen("tcp", loopbackAddress(port))
		require.NoError(t, err)
		require.NoError(t, ln.Close())
	}
}

func TestFreePort_againOnlyAfterAllOthers(t *testing.T) {
	w := portWheel{begin: 7}
	seen := map[int]bool{}
	for {
		port, err := w.next(t.Context())
		require.NoError(t, err)
		require.NotContains(t, []int{KafkaPort, RedisPort, ClickHousePort}, port)
		if seen[port] {
			break
		}
		seen[port] = true
	}
	require.Greater(t, len(seen), freePorts*9/10, "but for those that others hold")
}

func TestFreePort_passesOverThoseThatAreTaken(t *testing.T) {
	var taken net.Listener
	for taken == nil { // another process may be faster
		port, err := FreePort(t.Context())
		require.NoError(t, err)
		taken, _ = net.Listen("tcp", loopbackAddress(port))
	}
	defer func() { require.NoError(t, taken.Close()) }()
	port := taken.Addr().(*net.TCPAddr).Port
	w := portWheel{begin: int64(port) - firstFree - 1}
	next, err := w.next(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, port, next)
}

func TestLoopback_port0(t *testing.T) {
	address, port, err := loopback(t.Context(), "redis", 0)
	require.NoError(t, err)
	require.Equal(t, loopbackAddress(port), address)
	require.Less(t, port, givenBySystems)
}
