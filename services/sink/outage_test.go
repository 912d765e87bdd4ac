package sink_test

import (
	"fmt"
	"net"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/embedded"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

// TestSink_clickHouseKilled_nothingIsLostOrDoubled kills the engine while rows arrive.
func TestSink_clickHouseKilled_nothingIsLostOrDoubled(t *testing.T) {
	dir := t.TempDir()
	first := testkit.ClickHouseServer(t, embedded.ClickHouseConfig{Dir: dir})
	r := newRig(t, first.DSN(embedded.UserAdmin, "rcu"))
	r.start("sink")
	publish := func(from, n int) {
		batch := make([]proto.Message, n)
		for i := range batch {
			batch[i] = sale(fmt.Sprintf("e%d", from+i), "p1", byte(i%5)+1, 100)
		}
		r.publish(stream.TopicResolved, batch...)
	}
	publish(0, 500)
	r.wait(500.0, "SELECT count() FROM events FINAL")
	publish(500, 2000)
	first.Kill()
	publish(2500, 500)

	_, port, err := net.SplitHostPort(first.Addr())
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	testkit.ClickHouseServer(t, embedded.ClickHouseConfig{Dir: dir, Port: number})
	r.wait(3000.0, "SELECT count() FROM events FINAL")
	r.wait(6000.0, "SELECT count() FROM order_lines FINAL")
	require.Equal(t, []map[string]any{{"sold": 300000.0, "orders": 3000.0}}, r.ask("SELECT sold, orders FROM orders_by_channel"))
	require.Zero(t, counter(t, r.registry, "rcu_sink_ids_withheld_total"))
}
