package sink_test

import (
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/embedded"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
)

// lag is the metric of an operator: the records that the sink has still to write.
const lag = "rcu_stream_lag_records"

// TestSink_clickHouseKilled_nothingIsLostOrDoubled kills the engine while rows arrive. The lag grows until it is back, and falls to nothing.
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
	require.Eventually(t, func() bool { return testkit.Metric(t, r.links, lag) >= 500 }, 15*time.Second, 20*time.Millisecond, "what comes cannot be written")
	publish(3000, 2500)
	require.Eventually(t, func() bool { return testkit.Metric(t, r.links, lag) >= 3000 }, 15*time.Second, 20*time.Millisecond, "the lag grows while inserts are tried again")

	_, port, err := net.SplitHostPort(first.Addr())
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)
	testkit.ClickHouseServer(t, embedded.ClickHouseConfig{Dir: dir, Port: number})
	r.wait(5500.0, "SELECT count() FROM events FINAL")
	r.wait(11000.0, "SELECT count() FROM order_lines FINAL")
	require.Equal(t, []map[string]any{{"sold": 550000.0, "orders": 5500.0}}, r.ask("SELECT sold, orders FROM orders_by_channel"))
	require.Zero(t, testkit.Metric(t, r.registry, "rcu_sink_ids_withheld_total"))
	require.Eventually(t, func() bool { return testkit.Metric(t, r.links, lag) == 0 }, 15*time.Second, 20*time.Millisecond, "the lag is gone")
	require.Equal(t, 5500, r.committed("sink"))
}
