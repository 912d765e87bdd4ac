package realfiles

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/realdata"
	"rcu/services/e2e/stack"
)

// compareViews says whether analysts see the same: orders by month, the timeline, and one row a customer with his own sums.
func compareViews(t *testing.T, s *stack.Stack, f file, want realdata.Figures) {
	t.Helper()
	ask := func(user, statement string) []stack.Row {
		return s.Query(t, user, statement, map[string]string{"controller": f.space, "source": f.source, "channel": f.Channel})
	}
	got := map[realdata.Sum]int64{}
	var orders, returns int
	for _, r := range ask(stack.Analyst, `SELECT currency, `+month+` AS m, sold, returned, orders, returns FROM orders_by_channel
		WHERE controller = {controller:String} AND channel = {channel:String}`) {
		got[realdata.Sum{Currency: r.Text("currency"), Month: r.Text("m")}] += r.Int("sold") - r.Int("returned")
		orders, returns = orders+int(r.Int("orders")), returns+int(r.Int("returns"))
	}
	require.Equal(t, net(want.Sums), got, "orders_by_channel")
	require.Equal(t, want.Events["sale"]+want.Events["order.placed"], orders, "orders of orders_by_channel")
	require.Equal(t, want.Events["return"], returns, "returns of orders_by_channel")

	timeline := map[string]int{}
	for _, r := range ask(stack.Analyst, `SELECT rcu_id, count() AS n FROM customer_timeline
		WHERE controller = {controller:String} AND source = {source:String} GROUP BY rcu_id`) {
		timeline[r.Text("rcu_id")] = int(r.Int("n"))
	}
	require.Empty(t, differing(want.Customers, timeline), "customer_timeline")

	records := map[string]int{}
	for _, r := range ask(stack.Analyst, `SELECT rcu_id, sum(events_by_channel[{channel:String}]) AS n FROM customer_360
		WHERE controller = {controller:String} AND has(channels, {channel:String}) GROUP BY rcu_id`) {
		records[r.Text("rcu_id")] = int(r.Int("n"))
	}
	require.Empty(t, differing(want.Customers, records), "events_by_channel of customer_360")

	// The record of a customer comes from Redis, the orders from the stream of events: both add up to the same.
	require.Equal(t, spend(ask(stack.Admin, `SELECT `+owner+` AS rcu_id, currency AS currency, sumIf(amount, type != 'return') AS sold,
		sumIf(amount, type = 'return') AS returned, countIf(type != 'return') AS tickets
		FROM orders FINAL WHERE controller = {controller:String} AND rcu_id != '' GROUP BY rcu_id, currency`)),
		spend(ask(stack.Analyst, `SELECT rcu_id, arrayJoin(mapKeys(sold_by_currency)) AS currency, sold_by_currency[currency] AS sold,
		returned_by_currency[currency] AS returned, tickets_by_currency[currency] AS tickets FROM customer_360 WHERE controller = {controller:String}`)), "customer_360")
}

type spent struct{ id, currency string }

func spend(rows []stack.Row) map[spent][3]int64 {
	out := map[spent][3]int64{}
	for _, r := range rows {
		out[spent{r.Text("rcu_id"), r.Text("currency")}] = [3]int64{r.Int("sold"), r.Int("returned"), r.Int("tickets")}
	}
	return out
}

// net subtracts the returns of every currency and month.
func net(sums map[realdata.Sum]int64) map[realdata.Sum]int64 {
	out := map[realdata.Sum]int64{}
	for k, v := range sums {
		at := realdata.Sum{Currency: k.Currency, Month: k.Month}
		if k.Type == "return" {
			v = -v
		}
		out[at] += v
	}
	return out
}

// fingerprint is everything that a reader sees of the files, except when and how often it came.
func fingerprint(t *testing.T, s *stack.Stack) string {
	t.Helper()
	var b strings.Builder
	for _, statement := range []string{
		`SELECT controller, count() AS n, sum(cityHash64(* EXCEPT (received_at, permissions))) AS h FROM customer_timeline GROUP BY controller ORDER BY controller`,
		`SELECT controller, count() AS n, sum(cityHash64(rcu_id, first_seen, last_seen, namespaces, orders, toString(sold_by_currency), toString(returned_by_currency),
			toString(tickets_by_currency), toString(events_by_channel), toString(events_by_type), open_baskets, open_cases, toString(traits), known_traits)) AS h
			FROM customer_360 GROUP BY controller ORDER BY controller`,
		`SELECT controller, count() AS n, sum(cityHash64(*)) AS h FROM orders_by_channel GROUP BY controller ORDER BY controller`,
		`SELECT controller, profiles, identifiers FROM identity_quality ORDER BY controller`,
	} {
		status, body := s.Ask(t, stack.Analyst, statement+" FORMAT TSVWithNames", nil)
		require.Equal(t, 200, status, body)
		b.WriteString(body)
	}
	return b.String()
}
