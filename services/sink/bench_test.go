package sink_test

import (
	"fmt"
	"testing"

	"google.golang.org/protobuf/proto"

	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
)

// BenchmarkSink measures records from the topic to rows that can be read: one half product views, one half sales of two lines.
func BenchmarkSink(b *testing.B) {
	r := newRig(b, testkit.ClickHouse(b))
	r.start("warm")
	const records = 100_000
	n := 0
	for b.Loop() {
		b.StopTimer()
		batch := make([]proto.Message, records)
		for i := range batch {
			n++
			id, leaf := fmt.Sprintf("event-%d", n), byte(i%200)+1
			if i%2 == 0 {
				batch[i] = resolved(id, "01a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4", leaf, &eventpb.ProductViewed{Sku: "A", Category: "coats"})
			} else {
				batch[i] = sale(id, "01a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4", leaf, 100)
			}
		}
		b.StartTimer()
		r.publish(stream.TopicResolved, batch...)
		r.wait(float64(n), "SELECT count() FROM events")
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "us/event")
}
