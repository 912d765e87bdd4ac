package warehouse_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/pkg/warehouse"
)

var day = time.Date(2026, 3, 14, 9, 22, 31, 123456000, time.UTC)

func at(d time.Duration) int64 { return day.Add(d).UnixMicro() }

func leaf(n byte) [16]byte {
	return [16]byte{0xa0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, n}
}

func fact(controller string, l [16]byte, id, rcuID, typ, channel string) warehouse.Fact {
	return warehouse.Fact{
		Controller: controller, Space: "fr", Source: "till-12", EventID: id, Leaf: l, RCUID: rcuID, Version: 1, Type: typ,
		Channel: channel, Store: "paris-1", Brand: "kabrand", OccurredAt: at(0), BusinessDate: 20526, Month: 202603, ReceivedAt: at(time.Second),
	}
}

func insert(t testing.TB, w *warehouse.Warehouse, b warehouse.Block) {
	t.Helper()
	require.NoError(t, w.Insert(t.Context(), b, testkit.Name(t, "token")))
}

// factRead is what a row of fact reads as.
func factRead(id, rcuID, typ, channel string, l string) map[string]any {
	return map[string]any{
		"controller": "ka", "space": "fr", "source": "till-12", "event_id": id, "leaf": l, "rcu_id": rcuID, "version": 1.0, "type": typ,
		"channel": channel, "store": "paris-1", "brand": "kabrand", "occurred_at": "2026-03-14 09:22:31.123456",
		"business_date": "2026-03-14", "month": 202603.0, "received_at": "2026-03-14 09:22:32.123456",
	}
}

const leafOne = "a0010203-0405-0607-0809-0a0b0c0d0e01"

func with(base map[string]any, more map[string]any) map[string]any {
	maps.Copy(base, more)
	return base
}

func TestInsert_facts_readBackEqual(t *testing.T) {
	w := open(t)
	events := warehouse.NewEvents()
	events.Append(&warehouse.EventRow{
		Fact: fact("ka", leaf(1), "é'\"\\\x01", "01ab", "sale", "store"), Country: "FR", Permissions: 1 << 63, Behaviour: true,
		References: []string{"order:01", "ticket:02"}, SKU: "A", Category: "coats", Path: "/p", Kind: "product", State: "open",
		Amount: -9_000_000_000_000_000, Currency: "EUR", Traits: map[string]string{"language": "fr", "country": "FR"}, RetractedID: "r",
	})
	events.Append(&warehouse.EventRow{Fact: fact("ka", [16]byte{}, "empty", "", "sale", "store")})
	insert(t, w, events)
	rows := ask(t, w, "SELECT * FROM events FINAL ORDER BY event_id DESC")
	require.Len(t, rows, 2)
	require.Equal(t, with(factRead("é'\"\\\x01", "01ab", "sale", "store", leafOne), map[string]any{
		"country": "FR", "permissions": float64(1 << 63), "behaviour": 1.0, "references": []any{"order:01", "ticket:02"}, "sku": "A",
		"category": "coats", "path": "/p", "kind": "product", "state": "open", "amount": -9e15, "currency": "EUR",
		"traits": map[string]any{"language": "fr", "country": "FR"}, "retracted_id": "r",
	}), rows[0])
	require.Equal(t, with(factRead("empty", "", "sale", "store", "00000000-0000-0000-0000-000000000000"), map[string]any{
		"country": "", "permissions": 0.0, "behaviour": 0.0, "references": []any{}, "sku": "", "category": "", "path": "", "kind": "",
		"state": "", "amount": 0.0, "currency": "", "traits": map[string]any{}, "retracted_id": "",
	}), rows[1])

	orders, lines, contacts := warehouse.NewOrders(), warehouse.NewOrderLines(), warehouse.NewContacts()
	order := warehouse.OrderRow{
		Fact: fact("ka", leaf(1), "o1", "01ab", "sale", "store"), OrderKey: leaf(1), Reference: "ref", Amount: 4599, Currency: "EUR", Lines: 1,
		Fulfilment: "collect", CollectStore: "lyon-1", Reason: "size",
	}
	orders.Append(&order)
	lines.Append(&order.Fact, &warehouse.LineRow{OrderKey: leaf(1), Line: 1, SKU: "A", Category: "c", Quantity: 2, UnitPrice: 2300, Amount: 4599, Currency: "EUR"})
	contacts.Append(&warehouse.ContactRow{
		Fact: fact("ka", leaf(1), "c1", "01ab", "call.ended", "callcentre"), Reference: "call:1", Kind: "complaint", State: "answered",
		Topic: "delivery", Priority: "high", DurationSeconds: 61, WaitSeconds: 7, Outbound: true,
	})
	insert(t, w, orders)
	insert(t, w, lines)
	insert(t, w, contacts)
	require.Equal(t, []map[string]any{with(factRead("o1", "01ab", "sale", "store", leafOne), map[string]any{
		"order_key": leafOne, "reference": "ref", "amount": 4599.0, "currency": "EUR", "lines": 1.0, "fulfilment": "collect",
		"collect_store": "lyon-1", "reason": "size",
	})}, ask(t, w, "SELECT * FROM orders FINAL"))
	line := with(factRead("o1", "01ab", "sale", "store", leafOne), map[string]any{
		"order_key": leafOne, "line": 1.0, "sku": "A", "category": "c", "quantity": 2.0, "unit_price": 2300.0, "amount": 4599.0, "currency": "EUR",
	})
	delete(line, "brand")
	require.Equal(t, []map[string]any{line}, ask(t, w, "SELECT * FROM order_lines FINAL"))
	require.Equal(t, []map[string]any{with(factRead("c1", "01ab", "call.ended", "callcentre", leafOne), map[string]any{
		"reference": "call:1", "kind": "complaint", "state": "answered", "topic": "delivery", "priority": "high",
		"duration_seconds": 61.0, "wait_seconds": 7.0, "outbound": 1.0,
	})}, ask(t, w, "SELECT * FROM contacts FINAL"))
}

func TestInsert_profile_readBackEqual(t *testing.T) {
	w := open(t)
	b := warehouse.NewProfiles()
	b.Append(&warehouse.ProfileRow{
		Controller: "ka", Space: "fr", RCUID: "01ab", Version: 3, FirstSeen: at(0), LastSeen: at(time.Hour),
		Traits: map[string]string{"language": "fr"}, KnownTraits: []string{"given_name"}, Namespaces: []string{"email", "email", "card"},
		Permissions: 5, PermissionEnds: []warehouse.PermissionEnd{{At: day.Unix(), Permissions: 4}},
		SoftOptIns: []warehouse.SoftOptIn{{Channel: "email", Family: "shoes", Until: day.Unix()}}, Quarantined: true, OpenBaskets: 2, Counters: map[string]int64{"sale": 3},
		Spend:    []warehouse.SpendCell{{Currency: "EUR", Channel: "store", Month: 202603, Sales: 10, Returns: 3, Tickets: 1}},
		Activity: []warehouse.ActivityCell{{Channel: "store", LastType: "sale", LastStore: "p", Events: 2, FirstAt: at(0), LastAt: at(time.Hour)}},
		Orders: []warehouse.OrderCell{{
			Key: "k", Channel: "web", Store: "s", CollectStore: "c", State: "ready", Currency: "EUR",
			PlacedAt: at(0), ChangedAt: at(time.Hour), Amount: 10, Returned: 11, OverReturned: true,
		}},
		Cases: []warehouse.CaseCell{{Key: "c", Kind: "repair", State: "open", OpenedAt: at(0)}},
	})
	b.Append(&warehouse.ProfileRow{Controller: "ka", RCUID: "gone", Version: 1, Gone: true})
	insert(t, w, b)
	const first, last, never = "2026-03-14 09:22:31.123456", "2026-03-14 10:22:31.123456", "1970-01-01 00:00:00.000000"
	require.Equal(t, []map[string]any{{
		"controller": "ka", "space": "fr", "rcu_id": "01ab", "version": 3.0, "gone": 0.0, "first_seen": first, "last_seen": last,
		"traits": map[string]any{"language": "fr"}, "known_traits": []any{"given_name"}, "namespaces": []any{"email", "email", "card"},
		"permissions": 5.0, "permission_ends.at": []any{"2026-03-14 09:22:31.000000"}, "permission_ends.mask": []any{4.0}, "soft_optins.channel": []any{"email"},
		"soft_optins.family": []any{"shoes"}, "soft_optins.until": []any{"2026-03-14 09:22:31.000000"}, "quarantined": 1.0, "open_baskets": 2.0, "counters": map[string]any{"sale": 3.0},
		"spend.currency": []any{"EUR"}, "spend.month": []any{202603.0}, "spend.channel": []any{"store"}, "spend.sales": []any{10.0},
		"spend.returns": []any{3.0}, "spend.tickets": []any{1.0}, "activity.channel": []any{"store"}, "activity.events": []any{2.0},
		"activity.first_at": []any{first}, "activity.last_at": []any{last}, "activity.last_type": []any{"sale"}, "activity.last_store": []any{"p"},
		"orders.key": []any{"k"}, "orders.channel": []any{"web"}, "orders.store": []any{"s"}, "orders.collect_store": []any{"c"},
		"orders.state": []any{"ready"}, "orders.placed_at": []any{first}, "orders.changed_at": []any{last}, "orders.currency": []any{"EUR"},
		"orders.amount": []any{10.0}, "orders.returned": []any{11.0}, "orders.over_returned": []any{1.0},
		"cases.key": []any{"c"}, "cases.kind": []any{"repair"}, "cases.state": []any{"open"}, "cases.opened_at": []any{first}, "cases.closed_at": []any{never},
	}}, ask(t, w, "SELECT * FROM profiles FINAL"))
}

func TestInsert_records_readBackEqual(t *testing.T) {
	w := open(t)
	owners, ids, consents := warehouse.NewOwners(), warehouse.NewProfileIdentifiers(), warehouse.NewConsents()
	owners.Append(&warehouse.OwnerRow{Controller: "ka", Space: "fr", Leaf: leaf(1), RCUID: "01", Version: 2})
	ids.Append(&warehouse.ProfileIdentifierRow{Controller: "ka", Space: "fr", RCUID: "01", Namespace: "email", Pseudonym: "02", Version: 3, Proved: true})
	consents.Append(&warehouse.ConsentRow{
		Controller: "ka", Space: "fr", Source: "s", ID: "d", Namespace: "email", Point: "02", Purpose: "marketing", Channel: "email", Decision: "grant",
		Carried: true, Wide: true, DecidedAt: day.Unix(), ExpiresAt: 0, ReceivedAt: at(0), Act: "web_form", NoticeID: "n", NoticeVersion: "3", NoticeLanguage: "fr", CollectedOn: "web",
	})
	changes, stores, products, retractions := warehouse.NewIdentityChanges(), warehouse.NewStores(), warehouse.NewProducts(), warehouse.NewRetractions()
	changes.Append(&warehouse.IdentityChangeRow{
		Space: "fr", ID: "1/2", Kind: "merged", RCUID: "01", Version: 1, Before: []string{"01", "02"},
		After: []string{"01"}, Identifiers: []string{"03"}, CauseKind: "event", CauseID: "e", Reason: "r", At: at(0),
	})
	stores.Append(&warehouse.StoreRow{Controller: "ka", Store: "p", Brand: "b", Country: "FR", Zone: "Europe/Paris", ReceivedAt: at(0)})
	products.Append(&warehouse.ProductRow{Controller: "ka", SKU: "A", Category: "c", ReceivedAt: at(0)})
	retractions.Append(&warehouse.RetractionRow{Controller: "ka", Source: "s", RetractedID: "e", RetractedType: "sale", OccurredAt: at(0), ReceivedAt: at(0)})
	const when = "2026-03-14 09:22:31.123456"
	for _, c := range []struct {
		block warehouse.Block
		want  map[string]any
	}{
		{owners, map[string]any{"controller": "ka", "space": "fr", "leaf": leafOne, "rcu_id": "01", "version": 2.0}},
		{ids, map[string]any{"controller": "ka", "space": "fr", "rcu_id": "01", "namespace": "email", "pseudonym": "02", "version": 3.0, "proved": 1.0}},
		{consents, map[string]any{
			"controller": "ka", "space": "fr", "source": "s", "id": "d", "namespace": "email", "point": "02", "purpose": "marketing",
			"channel": "email", "decision": "grant", "carried": 1.0, "wide": 1.0, "decided_at": "2026-03-14 09:22:31", "expires_at": "1970-01-01 00:00:00", "received_at": when,
			"act": "web_form", "notice_id": "n", "notice_version": "3", "notice_language": "fr", "collected_on": "web",
		}},
		{changes, map[string]any{
			"controller": "", "space": "fr", "id": "1/2", "version": 1.0, "kind": "merged", "rcu_id": "01", "before": []any{"01", "02"},
			"after": []any{"01"}, "cause_kind": "event", "cause_id": "e", "reason": "r", "identifiers": []any{"03"}, "at": when,
		}},
		{stores, map[string]any{"controller": "ka", "store": "p", "brand": "b", "country": "FR", "zone": "Europe/Paris", "received_at": when}},
		{products, map[string]any{"controller": "ka", "sku": "A", "category": "c", "received_at": when}},
		{retractions, map[string]any{"controller": "ka", "source": "s", "retracted_id": "e", "retracted_type": "sale", "occurred_at": when, "received_at": when}},
	} {
		insert(t, w, c.block)
		require.Equal(t, []map[string]any{c.want}, ask(t, w, "SELECT * FROM "+c.block.Table()+" FINAL"))
	}
}

func TestInsert_sameTokenOrSameKey_countsOnce(t *testing.T) {
	w := open(t)
	b := warehouse.NewEvents()
	for i := range 50 {
		b.Append(&warehouse.EventRow{Fact: fact("ka", leaf(1), fmt.Sprint(i), "x", "sale", "store"), Amount: 1})
	}
	require.NoError(t, w.Insert(t.Context(), b, "same"))
	require.NoError(t, w.Insert(t.Context(), b, "same"))
	require.Equal(t, 50.0, one(t, w, "SELECT count() FROM events"))

	require.NoError(t, w.Insert(t.Context(), b, "other"))
	require.Equal(t, 50.0, one(t, w, "SELECT count() FROM events FINAL"))

	b.Reset()
	f := fact("ka", leaf(1), "7", "y", "sale", "store")
	f.Version, f.ReceivedAt = 2, at(40*24*time.Hour) // resolved again, and in the partition of another month
	b.Append(&warehouse.EventRow{Fact: f, Amount: 1})
	insert(t, w, b)
	require.Equal(t, 50.0, one(t, w, "SELECT count() FROM events FINAL"))
	require.Equal(t, 50.0, one(t, w, "SELECT sum(amount) FROM events FINAL"))
	require.Equal(t, "y", one(t, w, "SELECT rcu_id FROM events FINAL WHERE event_id = '7'"))
}

func TestInsert_emptyBlock_doesNothing(t *testing.T) {
	w := openAs(t, warehouse.Config{Addrs: []string{"127.0.0.1:1"}, User: "rcu", Database: "rcu"}, false)
	require.NoError(t, w.Insert(t.Context(), warehouse.NewEvents(), "x"))
}

func BenchmarkInsertEvents(b *testing.B) {
	w := open(b)
	const batch = 50_000
	block := warehouse.NewEvents()
	row := warehouse.EventRow{
		Fact: fact("ka", leaf(1), "", "01a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4", "product.viewed", "web"), SKU: "A", Category: "coats",
		References: []string{"ticket:01a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4"}, Currency: "EUR",
	}
	n := 0
	var encode time.Duration
	for b.Loop() {
		start := time.Now()
		block.Reset()
		for i := range batch {
			n++
			row.EventID = fmt.Sprintf("event-%d", n)
			row.Leaf[2], row.Leaf[3], row.SKU = byte(i), byte(i>>8), skus[i%len(skus)]
			row.Amount = int64(i)
			block.Append(&row)
		}
		encode += time.Since(start)
		if err := w.Insert(b.Context(), block, fmt.Sprint(n)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "us/row")
	b.ReportMetric(float64(encode.Microseconds())/float64(n), "append-us/row")
}

var skus = func() []string {
	out := make([]string, 500)
	for i := range out {
		out[i] = fmt.Sprintf("sku-%d", i)
	}
	return out
}()
