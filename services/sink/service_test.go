package sink_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/consent"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/pkg/warehouse"
	eventpb "rcu/schemas/event"
	"rcu/services/sink"
)

// rig is a sink between a broker and a ClickHouse of its own.
type rig struct {
	t        testing.TB
	client   *stream.Client
	producer *stream.Producer
	store    *warehouse.Warehouse
	registry *prometheus.Registry // of the sink that was started last
	links    *prometheus.Registry // of the client of the broker
}

func newRig(t testing.TB, dsn string) *rig {
	t.Helper()
	return newRigOn(t, testkit.Kafka(t), dsn)
}

func newRigOn(t testing.TB, brokers []string, dsn string) *rig {
	t.Helper()
	cfg := stream.DefaultConfig()
	cfg.Brokers = brokers
	links := prometheus.NewRegistry()
	client, err := stream.Connect(cfg, stream.Deps{Metrics: links})
	require.NoError(t, err)
	t.Cleanup(client.Close)
	require.NoError(t, client.EnsureTopics(t.Context(), stream.Topics(2, 1)))
	_, err = client.LogID(t.Context())
	require.NoError(t, err)
	producer, err := client.NewProducer(stream.ProducerConfig{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = producer.Close(context.WithoutCancel(t.Context())) })
	wc, err := warehouse.ParseURL(dsn)
	require.NoError(t, err)
	store, err := warehouse.Open(wc)
	require.NoError(t, err)
	t.Cleanup(func() { _ = store.Close() })
	return &rig{t: t, client: client, producer: producer, store: store, links: links}
}

// start runs a sink of the group until stop is called.
func (r *rig) start(group string) (stop func()) {
	r.t.Helper()
	cfg := sink.Default()
	cfg.Group, cfg.FlushEvery, cfg.ReloadEvery = group, 50*time.Millisecond, 100*time.Millisecond
	r.registry = prometheus.NewRegistry()
	s, err := sink.New(cfg, sink.Deps{Log: zap.NewNop(), Metrics: r.registry, Stream: r.client, Output: r.producer, Store: r.store})
	require.NoError(r.t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(r.t, <-ended)
	}
	r.t.Cleanup(stop)
	return stop
}

func (r *rig) publish(topic string, messages ...proto.Message) {
	r.t.Helper()
	records := make([]stream.Record, len(messages))
	for i, m := range messages {
		var err error
		records[i], err = stream.Encode(topic, fmt.Appendf(nil, "k%d", i%7), m, time.Now())
		require.NoError(r.t, err)
	}
	require.NoError(r.t, r.producer.PublishAll(r.t.Context(), records))
}

type answer struct {
	names []string
	rows  []map[string]any
}

func (a *answer) Columns(names []string) error { a.names = names; return nil }
func (a *answer) Row(values []json.RawMessage) error {
	row := map[string]any{}
	for i, v := range values {
		var x any
		if err := json.Unmarshal(v, &x); err != nil {
			return err
		}
		row[a.names[i]] = x
	}
	a.rows = append(a.rows, row)
	return nil
}
func (a *answer) End(bool) error { return nil }

func (r *rig) ask(sql string) []map[string]any {
	r.t.Helper()
	var a answer
	require.NoError(r.t, r.store.Query(r.t.Context(), warehouse.Query{SQL: sql}, &a), sql)
	return a.rows
}

// wait asks until the single value of the answer is the wanted one.
func (r *rig) wait(want any, sql string) {
	r.t.Helper()
	var last any
	for deadline := time.Now().Add(15 * time.Second); ; {
		var a answer
		err := r.store.Query(r.t.Context(), warehouse.Query{SQL: sql}, &a)
		if err == nil && len(a.rows) == 1 {
			last = a.rows[0][a.names[0]]
			if last == want {
				return
			}
		}
		if time.Now().After(deadline) {
			require.FailNow(r.t, "no such answer in time", "%s: want %v, have %v, %v", sql, want, last, err)
		}
		wait := time.NewTimer(20 * time.Millisecond)
		<-wait.C
	}
}

var occurred = time.Date(2026, 3, 31, 22, 30, 0, 250_000_000, time.UTC) // in Paris it is April already

// allowed is the mask of one purpose.
func allowed(p consent.Purpose) uint64 {
	for bit := range 64 {
		if consent.Mask(1 << bit).Has(p) {
			return 1 << bit
		}
	}
	panic("the purpose has no bit")
}

func pseudonym(n byte) []byte {
	p := make([]byte, 17)
	p[0], p[16] = 1, n
	return p
}

func leafKey(n byte) []byte {
	k := make([]byte, 16)
	k[0], k[15] = 0xaa, n
	return k
}

func resolved(id, rcuID string, leaf byte, data any) *eventpb.Resolved {
	e := &eventpb.Event{
		Space: "fr", Controller: "ka", Source: "till-12", Channel: eventpb.Channel_CHANNEL_STORE, Brand: "kabrand", Store: "paris-1",
		Zone: "Europe/Paris", Country: "FR", Id: id, TypeVersion: 1, OccurredAt: occurred.UnixMicro(), ReceivedAt: time.Now().UnixMicro(),
		Traits: map[string]string{"language": "fr"},
	}
	if leaf > 0 {
		e.LeafKey = leafKey(leaf)
	}
	switch d := data.(type) {
	case *eventpb.Sale:
		e.Type, e.Data = "sale", &eventpb.Event_Sale{Sale: d}
	case *eventpb.Return:
		e.Type, e.Data = "return", &eventpb.Event_Return{Return: d}
	case *eventpb.OrderPlaced:
		e.Type, e.Channel, e.Data = "order.placed", eventpb.Channel_CHANNEL_WEB, &eventpb.Event_OrderPlaced{OrderPlaced: d}
	case *eventpb.ProductViewed:
		e.Type, e.Channel, e.Behaviour, e.Data = "product.viewed", eventpb.Channel_CHANNEL_WEB, true, &eventpb.Event_ProductViewed{ProductViewed: d}
	case *eventpb.CallEnded:
		e.Type, e.Channel, e.Data = "call.ended", eventpb.Channel_CHANNEL_CALLCENTRE, &eventpb.Event_CallEnded{CallEnded: d}
	case *eventpb.CaseOpened:
		e.Type, e.Channel, e.Data = "case.opened", eventpb.Channel_CHANNEL_CALLCENTRE, &eventpb.Event_CaseOpened{CaseOpened: d}
	case *eventpb.EventRetracted:
		e.Type, e.Data = "event.retracted", &eventpb.Event_EventRetracted{EventRetracted: d}
	}
	return &eventpb.Resolved{Event: e, RcuId: rcuID, Version: 1, Permissions: allowed(consent.UnifyBehaviour)}
}

func reference(r *eventpb.Resolved, namespace string, n byte) *eventpb.Resolved {
	r.Event.References = append(r.Event.References, &eventpb.Identifier{Namespace: namespace, Pseudonym: pseudonym(n)})
	return r
}

func eur(minor int64) *eventpb.Money { return &eventpb.Money{Minor: minor, Currency: "EUR"} }

func sale(id, rcuID string, leaf byte, minor int64) *eventpb.Resolved {
	return resolved(id, rcuID, leaf, &eventpb.Sale{Total: eur(minor), Lines: []*eventpb.Line{
		{Sku: "A", Category: "coats", Quantity: 1, UnitPrice: minor - 1, Amount: minor - 1}, {Sku: "B", Category: "belts", Quantity: 1, UnitPrice: 1, Amount: 1},
	}})
}

func TestSink_everyTypeInItsTables(t *testing.T) {
	r := newRig(t, testkit.ClickHouse(t))
	r.start("sink")
	placed := reference(resolved("w1", "p1", 1, &eventpb.OrderPlaced{Total: eur(900), Fulfilment: "collect", CollectStore: "lyon-1"}), "order", 9)
	r.publish(stream.TopicResolved,
		reference(sale("s1", "p1", 1, 1000), "ticket", 7), placed,
		resolved("r1", "p1", 1, &eventpb.Return{Total: eur(300), Reason: "size", Lines: []*eventpb.Line{{Sku: "A", Quantity: 1, Amount: 300}}}),
		resolved("v1", "p1", 2, &eventpb.ProductViewed{Sku: "A", Category: "coats"}),
		reference(resolved("c1", "p1", 1, &eventpb.CallEnded{DurationSeconds: 61, WaitSeconds: 7, Outcome: "answered", Topic: "delivery", Outbound: true}), "call", 5),
		reference(resolved("k1", "p1", 1, &eventpb.CaseOpened{Kind: "complaint", Priority: "high"}), "case", 6),
		sale("gone", "p1", 1, 5000), resolved("x1", "p1", 1, &eventpb.EventRetracted{RetractedId: "gone", RetractedType: "sale"}),
		sale("anonymous", "", 0, 70),
	)
	r.wait(9.0, "SELECT count() FROM events FINAL")
	r.wait(2.0, "SELECT count() FROM products FINAL")

	require.Equal(t, []map[string]any{{
		"event_id": "s1", "rcu_id": "p1", "leaf": "aa000000-0000-0000-0000-000000000001", "type": "sale", "channel": "store", "store": "paris-1",
		"occurred_at": "2026-03-31 22:30:00.250000", "business_date": "2026-04-01", "month": 202604.0, "amount": 1000.0, "currency": "EUR",
		"references": []any{"ticket:0100000000000000000000000000000007"}, "traits": map[string]any{"language": "fr"},
	}}, r.ask("SELECT event_id, rcu_id, leaf, type, channel, store, occurred_at, business_date, month, amount, currency, references, traits FROM events FINAL WHERE event_id = 's1'"))
	require.Equal(t, []map[string]any{
		{"event_id": "anonymous", "type": "sale", "reference": "", "amount": 70.0, "lines": 2.0, "fulfilment": "", "collect_store": "", "reason": ""},
		{"event_id": "gone", "type": "sale", "reference": "", "amount": 5000.0, "lines": 2.0, "fulfilment": "", "collect_store": "", "reason": ""},
		{"event_id": "r1", "type": "return", "reference": "", "amount": 300.0, "lines": 1.0, "fulfilment": "", "collect_store": "", "reason": "size"},
		{"event_id": "s1", "type": "sale", "reference": "0100000000000000000000000000000007", "amount": 1000.0, "lines": 2.0, "fulfilment": "", "collect_store": "", "reason": ""},
		{"event_id": "w1", "type": "order.placed", "reference": "0100000000000000000000000000000009", "amount": 900.0, "lines": 0.0, "fulfilment": "collect", "collect_store": "lyon-1", "reason": ""},
	}, r.ask("SELECT event_id, type, reference, amount, lines, fulfilment, collect_store, reason FROM orders FINAL ORDER BY event_id"))
	require.Equal(t, []map[string]any{{"line": 1.0, "sku": "A", "amount": 999.0}, {"line": 2.0, "sku": "B", "amount": 1.0}},
		r.ask("SELECT line, sku, amount FROM order_lines FINAL WHERE event_id = 's1' ORDER BY line"))
	require.Equal(t, []map[string]any{
		{"event_id": "c1", "reference": "0100000000000000000000000000000005", "topic": "delivery", "state": "answered", "duration_seconds": 61.0, "outbound": 1.0},
		{"event_id": "k1", "reference": "0100000000000000000000000000000006", "topic": "", "state": "open", "duration_seconds": 0.0, "outbound": 0.0},
	}, r.ask("SELECT event_id, reference, topic, state, duration_seconds, outbound FROM contacts FINAL ORDER BY event_id"))
	require.Equal(t, []map[string]any{{"store": "paris-1", "zone": "Europe/Paris"}}, r.ask("SELECT store, zone FROM stores FINAL"))
	require.Equal(t, []map[string]any{
		{"channel": "store", "month": 202604.0, "orders": 2.0, "returns": 1.0, "net": 770.0, "customers": 1.0, "anonymous": 1.0},
		{"channel": "web", "month": 202604.0, "orders": 1.0, "returns": 0.0, "net": 900.0, "customers": 1.0, "anonymous": 0.0},
	}, r.ask("SELECT channel, month, orders, returns, net, customers, anonymous FROM orders_by_channel ORDER BY channel"))
	require.Equal(t, []map[string]any{{"type": "sale", "amount": 5000.0}}, r.ask("SELECT type, amount FROM customer_timeline WHERE retracted"))

	problems, err := testutil.GatherAndLint(r.registry)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestSink_deliveredAgain_countsOnce(t *testing.T) {
	r := newRig(t, testkit.ClickHouse(t))
	stop := r.start("sink")
	var batch []proto.Message
	for i := range 300 {
		batch = append(batch, reference(sale(fmt.Sprintf("e%d", i), "p1", byte(i%5)+1, 100), "ticket", byte(i)))
	}
	r.publish(stream.TopicResolved, batch...)
	r.publish(stream.TopicResolved, batch...) // the resolver published again
	r.wait(300.0, "SELECT count() FROM events FINAL")
	stop()

	r.start("another") // a group that starts at the first offset again, as after a loss of offsets
	late := sale("last", "p1", 1, 100)
	r.publish(stream.TopicResolved, late)
	r.wait(301.0, "SELECT count() FROM events FINAL")
	require.Eventually(t, func() bool {
		lag, err := r.client.Lag(t.Context(), "another", stream.TopicResolved)
		total := int64(0)
		for _, l := range lag {
			total += l.Lag()
		}
		return err == nil && len(lag) > 0 && total == 0
	}, 10*time.Second, 50*time.Millisecond)
	require.Equal(t, []map[string]any{{"n": 301.0, "sum": 30100.0}}, r.ask("SELECT count() AS n, sum(amount) AS sum FROM events FINAL"))
	require.Equal(t, []map[string]any{{"n": 602.0, "sum": 30100.0}}, r.ask("SELECT count() AS n, sum(amount) AS sum FROM order_lines FINAL"))
	require.Equal(t, []map[string]any{{"sold": 256*100.0 + 100}}, r.ask("SELECT sold FROM orders_by_channel")) // 300 events of 256 tickets
}

func TestSink_gateG3_writesBehaviourWithoutPermissionWithoutID(t *testing.T) {
	r := newRig(t, testkit.ClickHouse(t))
	r.start("sink")
	hidden := resolved("hidden", "p1", 1, &eventpb.ProductViewed{Sku: "A"})
	hidden.Permissions = ^allowed(consent.UnifyBehaviour)
	bought := sale("bought", "p1", 2, 100)
	bought.Permissions = 0
	nobody := resolved("nobody", "", 3, &eventpb.ProductViewed{Sku: "A"}) // whose person was never known
	nobody.Permissions = 0
	r.publish(stream.TopicResolved, hidden, resolved("shown", "p1", 1, &eventpb.ProductViewed{Sku: "A"}), bought, nobody)
	r.wait(4.0, "SELECT count() FROM events FINAL")
	require.Equal(t, []map[string]any{{"event_id": "bought", "rcu_id": "p1"}, {"event_id": "hidden", "rcu_id": ""}, {"event_id": "nobody", "rcu_id": ""}, {"event_id": "shown", "rcu_id": "p1"}},
		r.ask("SELECT event_id, rcu_id FROM events FINAL ORDER BY event_id"))
	require.Len(t, r.ask("SELECT * FROM customer_timeline"), 2)
	require.Equal(t, 1.0, testkit.Metric(t, r.registry, "rcu_sink_ids_withheld_total"))
	require.Equal(t, 1.0, testkit.Metric(t, r.registry, "rcu_gate_refused_total"), "counted at gate G3, and neither an order nor what was nobody's before")
}

func TestSink_ownersMoveHistoryAndHideBrowsing(t *testing.T) {
	r := newRig(t, testkit.ClickHouse(t))
	r.start("sink")
	view := resolved("v1", "p1", 1, &eventpb.ProductViewed{Sku: "A"})
	r.publish(stream.TopicResolved, view, sale("s1", "p1", 2, 100))
	r.wait(2.0, "SELECT count() FROM customer_timeline WHERE rcu_id = 'p1'")
	owner := func(rcuID string, version uint64) {
		r.publish(stream.TopicOwners, &eventpb.Owner{Space: "fr", Controller: "ka", LeafKey: leafKey(1), RcuId: rcuID, Version: version})
	}
	start := time.Now()
	owner("p2", 1)
	r.wait("p2", "SELECT rcu_id FROM customer_timeline WHERE type = 'product.viewed'")
	require.Less(t, time.Since(start), 5*time.Second)
	owner("", 2)
	r.wait(1.0, "SELECT count() FROM customer_timeline")
	owner("p1", 3)
	r.wait(2.0, "SELECT count() FROM customer_timeline WHERE rcu_id = 'p1'")
}

func TestSink_profilesIdentityAndConsents(t *testing.T) {
	r := newRig(t, testkit.ClickHouse(t))
	r.start("sink")
	p := &eventpb.Profile{
		Space: "fr", Controller: "ka", RcuId: "p1", Version: 2, FirstSeen: occurred.UnixMicro(), LastSeen: occurred.UnixMicro(),
		Identifiers: []*eventpb.Identifier{{Namespace: "email", Pseudonym: pseudonym(1)}, {Namespace: "card", Pseudonym: pseudonym(2)}},
		Spend:       []*eventpb.Spend{{Currency: "EUR", Month: 202604, Sales: 1000, Returns: 300, Tickets: 2, Channel: eventpb.Channel_CHANNEL_STORE}},
		Orders:      []*eventpb.OrderSummary{{Key: pseudonym(9), State: "ready", CollectStore: "lyon-1", Total: eur(900)}},
		Cases:       []*eventpb.CaseSummary{{Key: pseudonym(8), State: "open"}}, KnownTraits: []string{"given_name"},
	}
	r.publish(stream.TopicProfiles, p, &eventpb.Profile{Space: "fr", Controller: "ka", RcuId: "old", Version: 1})
	r.publish(stream.TopicProfiles, &eventpb.Profile{Space: "fr", Controller: "ka", RcuId: "old", Version: 2, Gone: true})
	tombstone := stream.Tombstone(stream.TopicProfiles, []byte("k1"), time.Now())
	require.NoError(t, r.producer.PublishAll(t.Context(), []stream.Record{tombstone}))
	r.publish(stream.TopicIdentity, &eventpb.Transition{Id: "1/1", Space: "fr", Kind: "merged", RcuId: "p1", Before: []string{"p1", "old"}, After: []string{"p1"}, At: occurred.UnixMicro()})
	r.publish(stream.TopicConsents, &eventpb.Decision{
		Space: "fr", Controller: "ka", Source: "web", Id: "d1", Point: &eventpb.Identifier{Namespace: "email", Pseudonym: pseudonym(1)},
		Purpose: "marketing", Channel: "email", Decision: "grant", DecidedAt: occurred.Unix(), ReceivedAt: time.Now().UnixMicro(),
	})
	r.wait(1.0, "SELECT count() FROM consents FINAL")
	r.wait(1.0, "SELECT count() FROM identity_changes FINAL")
	r.wait("p1", "SELECT rcu_id FROM customer_360")
	require.Equal(t, []map[string]any{{
		"net_by_currency": map[string]any{"EUR": 700.0}, "orders_to_collect": 1.0, "open_cases": 1.0, "known_traits": []any{"given_name"},
		"namespaces": []any{"card", "email"},
	}}, r.ask("SELECT net_by_currency, orders_to_collect, open_cases, known_traits, namespaces FROM customer_360"))
	r.wait(2.0, "SELECT identifiers FROM identity_quality")
	r.wait(1.0, "SELECT space_merged FROM identity_quality")
}

func TestSink_badRecords_goToTheDeadLetterAndTheRestIsWritten(t *testing.T) {
	r := newRig(t, testkit.ClickHouse(t))
	r.start("sink")
	noZone, leaf, noController := sale("zone", "p1", 1, 1), sale("leaf", "p1", 1, 1), sale("controller", "p1", 1, 1)
	noZone.Event.Zone, leaf.Event.LeafKey, noController.Event.Controller = "Mars/Olympus", []byte{1}, ""
	r.publish(stream.TopicResolved, noZone, leaf, noController, &eventpb.Resolved{}, sale("good", "p1", 1, 1))
	broken := stream.Record{Topic: stream.TopicResolved, Key: []byte("k"), Value: []byte{0xff, 0xff}, Time: time.Now()}
	require.NoError(t, r.producer.PublishAll(t.Context(), []stream.Record{broken}))
	r.publish(stream.TopicOwners, &eventpb.Owner{Controller: "ka", LeafKey: []byte{1}})
	r.wait("good", "SELECT event_id FROM events FINAL")
	require.Eventually(t, func() bool {
		bounds, err := r.client.Bounds(t.Context(), stream.TopicDeadLetter, 0, 1)
		total := int64(0)
		for _, b := range bounds {
			total += b.End - b.Start
		}
		return err == nil && total == 6
	}, 10*time.Second, 50*time.Millisecond)
}
