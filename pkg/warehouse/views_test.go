package warehouse_test

import (
	"crypto/md5"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/embedded"
	"rcu/pkg/testkit"
	"rcu/pkg/warehouse"
)

func override(t testing.TB, w *warehouse.Warehouse, l [16]byte, rcuID string, version uint64) {
	t.Helper()
	b := warehouse.NewOwners()
	b.Append(&warehouse.OwnerRow{Controller: "ka", Space: "fr", Leaf: l, RCUID: rcuID, Version: version})
	insert(t, w, b)
	require.NoError(t, w.ReloadOwners(t.Context()))
}

func browse(t testing.TB, w *warehouse.Warehouse, l [16]byte, rcuID string, ids ...string) {
	t.Helper()
	b := warehouse.NewEvents()
	for _, id := range ids {
		b.Append(&warehouse.EventRow{Fact: fact("ka", l, id, rcuID, "product.viewed", "web"), Behaviour: true, SKU: "A"})
	}
	insert(t, w, b)
}

func TestTimeline_overrideMovesHistoryAndBack(t *testing.T) {
	w := open(t)
	browse(t, w, leaf(1), "old", "e1", "e2")
	browse(t, w, leaf(2), "other", "e3")
	count := func(id string) any {
		return one(t, w, "SELECT count() FROM customer_timeline WHERE rcu_id = '"+id+"'")
	}
	require.Equal(t, 2.0, count("old"))

	override(t, w, leaf(1), "new", 1)
	browse(t, w, leaf(1), "old", "late") // resolved before the change, inserted after it
	require.Equal(t, 0.0, count("old"))
	require.Equal(t, 3.0, count("new"))

	override(t, w, leaf(1), "old", 2)
	require.Equal(t, 3.0, count("old"))
	require.Equal(t, 0.0, count("new"))
	require.Equal(t, 1.0, count("other"))

	override(t, w, leaf(1), "stale", 1) // delivered again, late
	require.Equal(t, 3.0, count("old"))
}

func TestTimeline_overrideToNobodyHidesBrowsingAndKeepsOrders(t *testing.T) {
	w := open(t)
	browse(t, w, leaf(1), "me", "seen")
	b := warehouse.NewEvents()
	b.Append(&warehouse.EventRow{Fact: fact("ka", leaf(2), "bought", "me", "order.placed", "web")})
	b.Append(&warehouse.EventRow{Fact: fact("ka", [16]byte{}, "anonymous", "", "sale", "store")})
	insert(t, w, b)
	require.Len(t, ask(t, w, "SELECT * FROM customer_timeline"), 2)

	override(t, w, leaf(1), "", 1)
	rows := ask(t, w, "SELECT rcu_id, type FROM customer_timeline")
	require.Equal(t, []map[string]any{{"rcu_id": "me", "type": "order.placed"}}, rows)

	override(t, w, leaf(1), "me", 2)
	require.Len(t, ask(t, w, "SELECT * FROM customer_timeline"), 2)
}

func keyOf(text string) [16]byte { return md5.Sum([]byte(text)) }

// sale adds one row of orders whose amount is in the currency.
func sale(b *warehouse.Orders, controller, key, id, rcuID, currency string, amount int64, l [16]byte) *warehouse.OrderRow {
	r := &warehouse.OrderRow{Fact: fact(controller, l, id, rcuID, "sale", "store"), OrderKey: keyOf(controller + key), Amount: amount, Currency: currency}
	b.Append(r)
	return r
}

func TestOrdersByChannel_countsOnceAndNeverMixesCurrencies(t *testing.T) {
	w := open(t)
	b := warehouse.NewOrders()
	sale(b, "ka", "t1", "e1", "p1", "EUR", 1000, leaf(1))
	sale(b, "ka", "t1", "e1-imported-again", "p1", "EUR", 1000, leaf(1)) // the same ticket under another id
	sale(b, "ka", "t2", "e2", "p1", "GBP", 500, leaf(1))
	sale(b, "ka", "t3", "e3", "", "EUR", 70, [16]byte{})
	sale(b, "ka", "t4", "void", "p2", "EUR", 9999, leaf(2))
	sale(b, "kb", "t1", "e1", "p1", "EUR", 3, leaf(3)) // another controller's ticket of that name
	back := warehouse.OrderRow{Fact: fact("ka", leaf(1), "r1", "p1", "return", "store"), OrderKey: keyOf("till-12/r1"), Amount: 200, Currency: "EUR"}
	b.Append(&back)
	insert(t, w, b)
	insert(t, w, b)
	voided := warehouse.NewRetractions()
	voided.Append(&warehouse.RetractionRow{Controller: "ka", Source: "till-12", RetractedID: "void", RetractedType: "sale"})
	insert(t, w, voided)

	rows := ask(t, w, "SELECT * FROM orders_by_channel ORDER BY controller, currency")
	row := func(controller, currency string, orders, returns, sold, returned, customers, anonymous float64) map[string]any {
		return map[string]any{
			"controller": controller, "channel": "store", "month": 202603.0, "currency": currency, "orders": orders, "returns": returns,
			"sold": sold, "returned": returned, "net": sold - returned, "customers": customers, "anonymous": anonymous,
		}
	}
	require.Equal(t, []map[string]any{
		row("ka", "EUR", 2, 1, 1070, 200, 1, 1),
		row("ka", "GBP", 1, 0, 500, 0, 1, 0),
		row("kb", "EUR", 1, 0, 3, 0, 1, 0),
	}, rows)
}

func profile(id string, version uint64, gone bool) *warehouse.ProfileRow {
	return &warehouse.ProfileRow{
		Controller: "ka", Space: "fr", RCUID: id, Version: version, Gone: gone, FirstSeen: at(0), LastSeen: at(time.Hour),
		Namespaces: []string{"email", "card"}, KnownTraits: []string{"given_name", "family_name"},
		Spend: []warehouse.SpendCell{
			{Currency: "GBP", Channel: "web", Month: 202603, Sales: 50, Tickets: 1},
			{Currency: "EUR", Channel: "store", Month: 202603, Sales: 100, Returns: 10, Tickets: 1},
			{Currency: "EUR", Channel: "web", Month: 202604, Sales: 7, Returns: 7, Tickets: 1},
		},
		Activity: []warehouse.ActivityCell{{Channel: "web", Events: 2, LastAt: at(0)}, {Channel: "store", Events: 1, LastAt: at(time.Hour)}},
		Orders:   []warehouse.OrderCell{{Key: "k", State: "ready", CollectStore: "s"}, {Key: "l", State: "shipped", CollectStore: "s", OverReturned: true}},
		Cases:    []warehouse.CaseCell{{Key: "c", State: "open"}, {Key: "d", State: "closed"}}, OpenBaskets: 1,
	}
}

func TestCustomer360_oneRowPerCustomer(t *testing.T) {
	w := open(t)
	b := warehouse.NewProfiles()
	b.Append(profile("p1", 2, false))
	b.Append(profile("p1", 1, false))
	b.Append(profile("merged", 1, false))
	b.Append(profile("merged", 2, true))
	insert(t, w, b)
	rows := ask(t, w, `SELECT rcu_id, identified, identifiers, orders, orders_to_collect, orders_over_returned, sold_by_currency, returned_by_currency,
		net_by_currency, tickets_by_currency, channels, last_contact_by_channel, open_baskets, open_cases, known_name, known_email, known_phone, known_birth_date FROM customer_360`)
	require.Equal(t, []map[string]any{{
		"rcu_id": "p1", "identified": 1.0, "identifiers": 2.0, "orders": 3.0, "orders_to_collect": 1.0, "orders_over_returned": 1.0,
		"sold_by_currency": map[string]any{"EUR": 107.0, "GBP": 50.0}, "returned_by_currency": map[string]any{"EUR": 17.0, "GBP": 0.0},
		"net_by_currency": map[string]any{"EUR": 90.0, "GBP": 50.0}, "tickets_by_currency": map[string]any{"EUR": 2.0, "GBP": 1.0},
		"channels": []any{"store", "web"}, "last_contact_by_channel": map[string]any{"web": "2026-03-14 09:22:31.123456", "store": "2026-03-14 10:22:31.123456"},
		"open_baskets": 1.0, "open_cases": 1.0, "known_name": 1.0, "known_email": 1.0, "known_phone": 0.0, "known_birth_date": 0.0,
	}}, rows)
}

// A permission that ended since the row was written is none, although nobody wrote the row again.
func TestCustomer360_permissionsEndByThemselves(t *testing.T) {
	w := open(t)
	p := profile("p1", 1, false)
	p.Permissions = 1<<4 | 1<<10 | 1<<24
	p.PermissionEnds = []warehouse.PermissionEnd{{At: time.Now().Add(-time.Hour).Unix(), Permissions: 1 << 24}, {At: time.Now().Add(time.Hour).Unix(), Permissions: 1 << 10}}
	b := warehouse.NewProfiles()
	b.Append(p)
	insert(t, w, b)
	require.Equal(t, []map[string]any{{"may_unify_core": 1.0, "may_profiling": 1.0, "may_marketing_email": 0.0}},
		ask(t, w, "SELECT may_unify_core, may_profiling, may_marketing_email FROM customer_360"))
}

// What sales permit ends by itself too, each family on its channel.
func TestCustomer360_whatSalesPermit(t *testing.T) {
	w := open(t)
	p, past, later := profile("p1", 1, false), time.Now().Add(-time.Hour).Unix(), time.Now().Add(time.Hour).Unix()
	p.SoftOptIns = []warehouse.SoftOptIn{{"email", "shoes", later}, {"email", "coats", past}, {"email", "bags", 0}, {"sms", "coats", later}}
	b := warehouse.NewProfiles()
	b.Append(p)
	insert(t, w, b)
	require.Equal(t, []map[string]any{{"soft_optin_email": []any{"bags", "shoes"}, "soft_optin_sms": []any{"coats"}, "may_marketing_email": 0.0}},
		ask(t, w, "SELECT soft_optin_email, soft_optin_sms, may_marketing_email FROM customer_360"))
}

// TestCustomer360_permissionsAreThoseOfTheMask holds the bits in the view to those of the domain.
func TestCustomer360_permissionsAreThoseOfTheMask(t *testing.T) {
	w := open(t)
	b, want := warehouse.NewProfiles(), map[string]string{}
	for bit := range 64 {
		for _, p := range consent.Purposes() {
			for _, channel := range append([]string{""}, p.Channels...) {
				if !p.Decidable || p.Purpose == consent.ChildProfile || !consent.Mask(1<<bit).HasOn(p.Purpose, channel) {
					continue
				}
				id := fmt.Sprintf("bit-%02d", bit)
				want[id] = strings.TrimSuffix("may_"+string(p.Purpose)+"_"+channel, "_")
				row := profile(id, 1, false)
				row.Permissions = 1 << bit
				b.Append(row)
			}
		}
	}
	insert(t, w, b)
	got, columns := map[string]string{}, map[string]bool{}
	for _, row := range ask(t, w, "SELECT rcu_id, COLUMNS('^may_') FROM customer_360") {
		for name, v := range row {
			columns[name] = true
			if v == 1.0 {
				got[row["rcu_id"].(string)] += name
			}
		}
	}
	require.Equal(t, want, got)
	require.Len(t, columns, len(want)+1)
}

func TestIdentityQuality_countsCurrentIdentifiersAndChanges(t *testing.T) {
	w := open(t)
	ids, profiles, changes := warehouse.NewProfileIdentifiers(), warehouse.NewProfiles(), warehouse.NewIdentityChanges()
	identifier := func(id, namespace, pseudonym string, version uint64) {
		ids.Append(&warehouse.ProfileIdentifierRow{Controller: "ka", Space: "fr", RCUID: id, Namespace: namespace, Pseudonym: pseudonym, Version: version})
	}
	identifier("p1", "email", "01", 2)
	identifier("p1", "card", "02", 2)
	identifier("p1", "phone", "03", 1) // left the profile with version 2
	identifier("p2", "email", "04", 5)
	identifier("gone", "email", "01", 1)
	profiles.Append(profile("p1", 2, false))
	profiles.Append(profile("p2", 5, false))
	profiles.Append(profile("gone", 2, true))
	for i, kind := range []string{"merged", "merged", "split", "refused", "quarantined", "linked"} {
		changes.Append(&warehouse.IdentityChangeRow{Space: "fr", ID: string(rune('a' + i)), Kind: kind, Version: 1})
	}
	insert(t, w, ids)
	insert(t, w, profiles)
	insert(t, w, changes)
	insert(t, w, changes)
	require.Equal(t, []map[string]any{{
		"space": "fr", "controller": "ka", "profiles": 2.0, "identified_profiles": 2.0, "quarantined_profiles": 0.0, "identifiers": 3.0,
		"identifiers_per_profile": 1.5, "identifiers_max": 2.0, "space_created": 0.0, "space_linked": 1.0, "space_merged": 2.0, "space_split": 1.0,
		"space_refused": 1.0, "space_quarantined": 1.0, "space_contested": 0.0,
	}}, ask(t, w, "SELECT * FROM identity_quality"))
}

func TestAnalyst_readsViewsAndNothingElse(t *testing.T) {
	access := warehouse.AnalystGrants("rcu")
	server := testkit.ClickHouseServer(t, embedded.ClickHouseConfig{Analyst: embedded.Access(access)})
	login := func(user string, role warehouse.Role) warehouse.Config {
		cfg, err := warehouse.ParseURL(server.DSN(user, "rcu"))
		require.NoError(t, err)
		cfg.Role = role
		return cfg
	}
	admin := openAs(t, login(embedded.UserAdmin, warehouse.RoleInsert), true)
	b := warehouse.NewProfiles()
	b.Append(profile("p1", 1, false))
	insert(t, admin, b)
	o := warehouse.NewOrders()
	sale(o, "ka", "t1", "e1", "p1", "EUR", 1000, leaf(1))
	insert(t, admin, o)
	browse(t, admin, leaf(1), "p1", "e9")
	steps := warehouse.NewContactSteps()
	steps.Append(&warehouse.ContactStepRow{Controller: "ka", Contact: "c1", Step: "confirm", Point: "p", Needs: []string{"marketing"}, At: at(0)})
	insert(t, admin, steps)
	ids, wishes := warehouse.NewProfileIdentifiers(), warehouse.NewConsents()
	ids.Append(&warehouse.ProfileIdentifierRow{Controller: "ka", Space: "fr", RCUID: "p1", Namespace: "email", Pseudonym: "02", Version: 1})
	wishes.Append(&warehouse.ConsentRow{Controller: "ka", Space: "fr", ID: "w1", Namespace: "email", Point: "02", Purpose: "wish:topic:baby", Decision: "object", DecidedAt: 1})
	insert(t, admin, ids)
	insert(t, admin, wishes)
	analyst := openAs(t, login(embedded.UserAnalyst, warehouse.RoleQuery), false)

	for _, v := range warehouse.AnalystViews() {
		require.NotEmpty(t, ask(t, analyst, "SELECT * FROM "+v), v)
	}
	tables := ask(t, admin, "SELECT name, engine FROM system.tables WHERE database = 'rcu' AND engine != 'View'")
	require.Greater(t, len(tables), 12)
	refused := []string{
		"SELECT * FROM system.processes", "SELECT * FROM url('http://127.0.0.1:1/x', CSV, 'a String')", "SELECT * FROM file('/etc/passwd', CSV, 'a String')",
		"SELECT dictGet('rcu.leaf_owner_overrides', 'rcu_id', tuple(generateUUIDv4()))",
		"SELECT * FROM remote('127.0.0.1', rcu.events)", "SHOW CREATE TABLE rcu.events", "SELECT 1 SETTINGS readonly = 0",
		"SELECT 1 SETTINGS apply_deleted_mask = 0", "SELECT 1 SETTINGS max_execution_time = 100000", "SELECT count() FROM rcu.customer_360 SETTINGS max_memory_usage = 100000000000",
	}
	for _, r := range tables {
		refused = append(refused, "SELECT count() FROM rcu."+r["name"].(string), "SELECT * FROM rcu."+r["name"].(string)+" LIMIT 1")
	}
	for _, sql := range refused {
		var e *warehouse.Error
		require.ErrorAs(t, analyst.Query(t.Context(), warehouse.Query{SQL: sql}, &collected{}), &e, sql)
	}
	require.ErrorContains(t, analyst.Insert(t.Context(), b, "x"), "inserting")

	for _, r := range ask(t, analyst, "SELECT DISTINCT _table AS name FROM merge('rcu', '.*')") {
		require.Contains(t, warehouse.AnalystViews(), r["name"])
	}

	// No column of a view holds a personal value, an event id or an identifier.
	for _, r := range ask(t, analyst, "SELECT table, name FROM system.columns WHERE database = 'rcu'") {
		require.Contains(t, warehouse.AnalystViews(), r["table"])
		require.NotContains(t, []string{"event_id", "references", "reference", "order_key", "path", "pseudonym", "leaf", "point", "cause_id"}, r["name"], r["table"])
	}
}

func TestWarehouse_ownersSurviveARestartOfTheEngine(t *testing.T) {
	dir := t.TempDir()
	first := testkit.ClickHouseServer(t, embedded.ClickHouseConfig{Dir: dir})
	cfg, err := warehouse.ParseURL(first.DSN(embedded.UserAdmin, "rcu"))
	require.NoError(t, err)
	w := openAs(t, cfg, true)
	browse(t, w, leaf(1), "old", "e1")
	override(t, w, leaf(1), "new", 1)
	first.Kill()

	second := testkit.ClickHouseServer(t, embedded.ClickHouseConfig{Dir: dir})
	cfg, err = warehouse.ParseURL(second.DSN(embedded.UserAdmin, "rcu"))
	require.NoError(t, err)
	w = openAs(t, cfg, true)
	require.Equal(t, "new", one(t, w, "SELECT rcu_id FROM customer_timeline"))
}
