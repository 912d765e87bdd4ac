package sink

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	eventpb "rcu/schemas/event"
)

// BenchmarkAppend measures what one sale of two lines costs the sink: decode, check, rows.
func BenchmarkAppend(b *testing.B) {
	at := time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC).UnixMicro()
	raw, err := proto.Marshal(&eventpb.Resolved{
		RcuId: "01a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4", Version: 1, Permissions: 1 << 5,
		Event: &eventpb.Event{
			Space: "fr", Controller: "ka", Source: "till-12", Channel: eventpb.Channel_CHANNEL_STORE, Brand: "kabrand", Store: "paris-1",
			Zone: "Europe/Paris", Country: "FR", Id: "T12-0017", Type: "sale", OccurredAt: at, ReceivedAt: at, LeafKey: make([]byte, leafSize),
			References: []*eventpb.Identifier{{Namespace: "ticket", Pseudonym: make([]byte, 17)}},
			Data: &eventpb.Event_Sale{Sale: &eventpb.Sale{
				Total: &eventpb.Money{Minor: 100, Currency: "EUR"},
				Lines: []*eventpb.Line{{Sku: "A", Category: "c", Quantity: 1, Amount: 50}, {Sku: "B", Category: "c", Quantity: 1, Amount: 50}},
			}},
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	rows := testTables()
	s := &Service{zones: rows.zone}
	b.ReportAllocs()
	for b.Loop() {
		r := &eventpb.Resolved{}
		if err := proto.Unmarshal(raw, r); err != nil {
			b.Fatal(err)
		}
		if err := s.check(r); err != nil {
			b.Fatal(err)
		}
		rows.event(r)
		if rows.events.Rows() == 10_000 {
			rows.reset()
		}
	}
}
