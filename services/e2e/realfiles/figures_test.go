package realfiles

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/vault"
	"rcu/services/e2e/realdata"
	"rcu/services/e2e/stack"
)

// owner is the customer that a row belongs to now, as every view has it.
const owner = `dictGetOrDefault('rcu.leaf_owner_overrides', 'rcu_id', tuple(leaf), rcu_id)`

// month is the calendar month of a row in its source's zone, written as in the figures.
const month = `concat(toString(intDiv(month, 100)), '-', leftPad(toString(month % 100), 2, '0'))`

// figures reads from ClickHouse what it holds of a file.
func figures(t *testing.T, s *stack.Stack, f file) realdata.Figures {
	t.Helper()
	ask := func(statement string) []stack.Row {
		return s.Query(t, stack.Admin, statement, map[string]string{"controller": f.space, "source": f.source})
	}
	const of = ` WHERE controller = {controller:String} AND source = {source:String} `
	out := realdata.NewFigures()
	for _, r := range ask(`SELECT type, count() AS n, countIf(` + owner + ` = '') AS nobody FROM events FINAL` + of + `GROUP BY type`) {
		out.Events[r.Text("type")] = int(r.Int("n"))
		if n := int(r.Int("nobody")); n > 0 {
			out.Anonymous[r.Text("type")] = n
		}
	}
	for _, r := range ask(`SELECT type, currency, ` + month + ` AS m, sum(amount) AS total FROM orders FINAL` + of + `GROUP BY type, currency, m`) {
		out.Sums[realdata.Sum{Type: r.Text("type"), Currency: r.Text("currency"), Month: r.Text("m")}] = r.Int("total")
	}
	for _, r := range ask(`SELECT type, currency, ` + month + ` AS m, sum(amount) AS total, count() AS n FROM order_lines FINAL` + of + `GROUP BY type, currency, m`) {
		out.LineSums[realdata.Sum{Type: r.Text("type"), Currency: r.Text("currency"), Month: r.Text("m")}] = r.Int("total")
		out.Lines[r.Text("type")] += int(r.Int("n"))
	}
	for _, r := range ask(`SELECT ` + owner + ` AS id, count() AS n FROM events FINAL` + of + `AND id != '' GROUP BY id`) {
		out.Customers[r.Text("id")] = int(r.Int("n"))
	}
	for _, r := range ask(`SELECT ` + owner + ` AS id, currency, sum(if(type = 'return', -amount, amount)) AS net FROM orders FINAL` + of + `AND id != '' GROUP BY id, currency`) {
		out.Spend[realdata.Spent{Customer: r.Text("id"), Currency: r.Text("currency")}] = r.Int("net")
	}
	for _, r := range ask(`SELECT state, count() AS n FROM events FINAL` + of + `AND type = 'order.state_changed' GROUP BY state`) {
		out.States[r.Text("state")] = int(r.Int("n"))
	}
	return out
}

// naming tells which id the identifier of a customer of a file gives.
func naming(t *testing.T, s *stack.Stack, f file) func(value string) string {
	t.Helper()
	ring, err := vault.Load(filepath.Join(s.Dir, "keys.json"))
	require.NoError(t, err)
	return func(value string) string {
		normal, cause := identifier.Normalise(f.customers, value, identifier.Options{Card: identifier.CardCheckNone, Read: true})
		require.Empty(t, cause)
		return ring.Name(f.space, ring.Pseudonym(f.space, f.customers, normal))
	}
}

// ids turns counts by customer as the file names him into counts by his id.
func ids(t *testing.T, s *stack.Stack, f file, customers map[string]int) map[string]int {
	t.Helper()
	name, out := naming(t, s, f), map[string]int{}
	for value, n := range customers {
		out[name(value)] += n
	}
	require.Len(t, out, len(customers))
	return out
}

// spending does the same with what customers spent.
func spending(t *testing.T, s *stack.Stack, f file, spend map[realdata.Spent]int64) map[realdata.Spent]int64 {
	t.Helper()
	name, out := naming(t, s, f), map[realdata.Spent]int64{}
	for k, v := range spend {
		out[realdata.Spent{Customer: name(k.Customer), Currency: k.Currency}] += v
	}
	return out
}

// compare says whether ClickHouse holds what the file holds: events, lines, sums, customers and what they spent, and nobody's events.
func compare(t *testing.T, s *stack.Stack, f file, want realdata.Figures) {
	t.Helper()
	got := figures(t, s, f)
	want.Customers, want.Spend = ids(t, s, f, want.Customers), spending(t, s, f, want.Spend)
	want.Rows, want.Duplicates, want.Skipped, want.Pairs = 0, 0, 0, got.Pairs
	require.Equal(t, want.Events, got.Events, "events")
	require.Equal(t, want.Lines, got.Lines, "lines")
	require.Equal(t, want.Sums, got.Sums, "sums of the totals")
	require.Equal(t, want.LineSums, got.LineSums, "sums of the lines")
	require.Equal(t, want.Anonymous, got.Anonymous, "events of nobody")
	require.Empty(t, differing(want.Customers, got.Customers), "customers")
	require.Equal(t, want.Spend, got.Spend, "what customers spent")
	require.Equal(t, want, got)
	compareOrders(t, s, f)
	compareViews(t, s, f, want)
}

// differing lists a few customers whose counts differ.
func differing(want, got map[string]int) []string {
	all := maps.Clone(want)
	maps.Copy(all, got)
	var out []string
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if want[id] != got[id] && len(out) < 5 {
			out = append(out, fmt.Sprintf("%s: %d in the file, %d in ClickHouse", id, want[id], got[id]))
		}
	}
	if len(out) > 0 {
		out = append(out, fmt.Sprintf("%d customers in the file, %d in ClickHouse", len(want), len(got)))
	}
	return out
}

// compareOrders holds the tables against each other: one order a sale, order and return, its lines beside it, one contact a call.
func compareOrders(t *testing.T, s *stack.Stack, f file) {
	t.Helper()
	of := map[string]string{"controller": f.space, "source": f.source}
	row := s.Query(t, stack.Admin, `SELECT
		(SELECT count() FROM events FINAL WHERE controller = {controller:String} AND source = {source:String} AND type IN ('sale', 'order.placed', 'return')) AS goods,
		(SELECT count() FROM orders FINAL WHERE controller = {controller:String} AND source = {source:String}) AS orders,
		(SELECT sum(lines) FROM orders FINAL WHERE controller = {controller:String} AND source = {source:String}) AS told,
		(SELECT count() FROM order_lines FINAL WHERE controller = {controller:String} AND source = {source:String}) AS lines,
		(SELECT count() FROM events FINAL WHERE controller = {controller:String} AND source = {source:String} AND type = 'call.ended') AS calls,
		(SELECT count() FROM contacts FINAL WHERE controller = {controller:String} AND source = {source:String}) AS contacts`, of)[0]
	require.Equal(t, row.Int("goods"), row.Int("orders"), "orders")
	require.Equal(t, row.Int("told"), row.Int("lines"), "lines")
	require.Equal(t, row.Int("calls"), row.Int("contacts"), "contacts")
}
