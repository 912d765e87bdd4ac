package sink_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
)

// What happened in 20 years comes at once. Rows lie by the month in which they came, so an insert meets fewer partitions than the 100 that ClickHouse takes.
func TestSink_whatHappenedInManyYears_comesInOneInsert(t *testing.T) {
	r := newRig(t, testkit.ClickHouse(t))
	const months = 240
	now := time.Now()
	var all, decisions []proto.Message
	for i := range months {
		at := time.Date(2026, time.Month(1-i), 15, 0, 0, 0, 0, time.UTC)
		for _, e := range []*eventpb.Resolved{
			sale(fmt.Sprintf("s%d", i), "p1", 1, 100),
			resolved(fmt.Sprintf("o%d", i), "p1", 1, &eventpb.OrderPlaced{Total: eur(100)}),
			resolved(fmt.Sprintf("c%d", i), "p1", 1, &eventpb.CallEnded{}),
		} {
			e.Event.OccurredAt = at.UnixMicro()
			all = append(all, e)
		}
		decisions = append(decisions, &eventpb.Decision{
			Space: "fr", Controller: "ka", Source: "till-12", Id: fmt.Sprintf("d%d", i), Point: &eventpb.Identifier{Namespace: "email", Pseudonym: pseudonym(9)},
			Purpose: "marketing", Channel: "email", Decision: "grant", Carried: true, DecidedAt: at.Unix(), ReceivedAt: now.UnixMicro(),
		})
	}
	r.publish(stream.TopicResolved, all...)
	r.publish(stream.TopicConsents, decisions...)
	r.start("sink")
	for table, rows := range map[string]float64{"events": 3 * months, "orders": 2 * months, "order_lines": 2 * months, "contacts": months, "consents": months} {
		r.wait(rows, "SELECT count() FROM "+table+" FINAL")
		parts := r.ask("SELECT uniqExact(partition) AS n FROM system.parts WHERE active AND database = currentDatabase() AND table = '" + table + "'")
		require.LessOrEqual(t, parts[0]["n"], 2.0, table) // a month may end meanwhile
	}
	r.wait(float64(months), "SELECT uniqExact(toYYYYMM(occurred_at)) FROM events FINAL")
	require.Zero(t, testkit.Metric(t, r.registry, "rcu_sink_insert_failures_total"))
	require.Equal(t, []map[string]any{ // a table that is new belongs into the test above, or says here why it needs not
		{"name": "consents", "partition_key": "toYear(received_at)"},
		{"name": "contact_steps", "partition_key": "toYYYYMM(at)"}, // of sends, by our own clock; Kafka keeps them for 90 days
		{"name": "contacts", "partition_key": "toYYYYMM(received_at)"},
		{"name": "events", "partition_key": "toYYYYMM(received_at)"},
		{"name": "order_lines", "partition_key": "toYYYYMM(received_at)"},
		{"name": "orders", "partition_key": "toYYYYMM(received_at)"},
	}, r.ask("SELECT name, partition_key FROM system.tables WHERE database = currentDatabase() AND partition_key != '' ORDER BY name"))
}
