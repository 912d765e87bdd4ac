package realfiles

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/testkit"
	"rcu/services/e2e/realdata"
	"rcu/services/e2e/stack"
)

// TestSmallFiles: browsing twice, without and with consent, and the customers of tau-bench with their orders.
func TestSmallFiles(t *testing.T) {
	web := of(t, "snowplow-web.yaml", "web-unasked", identifier.Customer)
	mobile := of(t, "snowplow-mobile.yaml", "app-unasked", identifier.Customer)
	webGranted := of(t, "snowplow-web.yaml", "web-granted", identifier.Customer).lately()
	mobileGranted := of(t, "snowplow-mobile.yaml", "app-granted", identifier.Customer).lately()
	users := of(t, "taubench-users.yaml", "tau", identifier.Customer)
	orders := of(t, "taubench-orders.yaml", "tau", identifier.Customer)
	s := start(t, web, mobile, webGranted, mobileGranted, users, orders)

	table := newReport()
	for _, grants := range []file{of(t, "snowplow-web-consent.yaml", webGranted.space, ""), of(t, "snowplow-mobile-consent.yaml", mobileGranted.space, "")} {
		load(t, s, grants.granted())
	}
	s.Settled(t, settleLimit)
	browsing, tau := []file{web, mobile, webGranted, mobileGranted}, []file{users, orders}
	for _, f := range append(browsing, tau...) {
		sum, took := load(t, s, f)
		want := expected(t, f)
		checkRows(t, want, sum)
		table.add(f, want, took, 0)
	}
	t.Logf("all of them settled after %.1f s", s.Settled(t, settleLimit).Seconds())

	for _, f := range browsing[:2] {
		unseen(t, s, f)
	}
	for _, f := range browsing[2:] {
		seen(t, s, f)
	}
	compare(t, s, users, expected(t, users))
	compare(t, s, orders, withStates(t, expected(t, orders)))

	before := fingerprint(t, s)
	for _, f := range append(browsing[2:], tau...) {
		loadAgain(t, s, f)
	}
	s.Settled(t, settleLimit)
	require.Equal(t, before, fingerprint(t, s), "imported twice")
	compare(t, s, orders, withStates(t, expected(t, orders)))
	table.print(t)
}

// unseen: without consent no row of browsing, no customer, and a counter of what was dropped.
func unseen(t *testing.T, s *stack.Stack, f file) {
	t.Helper()
	rows := s.Query(t, stack.Admin, `SELECT (SELECT count() FROM events FINAL WHERE controller = {c:String}) AS events,
		(SELECT count() FROM profiles FINAL WHERE controller = {c:String}) AS profiles`, map[string]string{"c": f.space})
	require.Zero(t, rows[0].Int("events"))
	require.Zero(t, rows[0].Int("profiles"))
	want := 0
	for _, n := range expected(t, f).Events {
		want += n
	}
	require.Equal(t, want, denied(t, s, f.Channel), "browsing dropped for want of consent")
}

var denials = regexp.MustCompile(`(?m)^rcu_ingestor_consent_denials_total\{([^}]*)\} (\d+)$`)

// denied reads the counter of a channel's ingestor.
func denied(t *testing.T, s *stack.Stack, channel string) int {
	t.Helper()
	sum := 0
	for _, m := range denials.FindAllStringSubmatch(s.Metrics(t), -1) {
		if regexp.MustCompile(`channel="` + channel + `"`).MatchString(m[1]) {
			n, err := strconv.Atoi(m[2])
			require.NoError(t, err)
			sum += n
		}
	}
	return sum
}

// seen: with consent the pairs of user and views are those of the published model.
func seen(t *testing.T, s *stack.Stack, f file) {
	t.Helper()
	want := expected(t, f)
	require.NotEmpty(t, want.Pairs)
	require.Equal(t, want.Events, figures(t, s, f).Events)
	pairs := map[string]int{}
	for _, r := range s.Query(t, stack.Analyst, `SELECT rcu_id, count() AS n FROM customer_timeline
		WHERE controller = {c:String} AND behaviour = 1 GROUP BY rcu_id`, map[string]string{"c": f.space}) {
		pairs[r.Text("rcu_id")] = int(r.Int("n"))
	}
	require.Empty(t, differing(ids(t, s, f, want.Pairs), pairs), "(user, views)")
}

// withStates adds to the figures of tau-bench's orders that a change of state, which names the order alone, is its customer's.
func withStates(t *testing.T, want realdata.Figures) realdata.Figures {
	t.Helper()
	in, err := os.Open(testkit.Data(t, "callcentre", "taubench_retail_orders.json.gz"))
	require.NoError(t, err)
	defer func() { _ = in.Close() }()
	z, err := gzip.NewReader(in)
	require.NoError(t, err)
	var orders map[string]struct {
		User   string `json:"user_id"`
		Status string `json:"status"`
	}
	require.NoError(t, json.NewDecoder(z).Decode(&orders))
	for _, o := range orders {
		if o.Status != "pending" {
			want.Customers[o.User]++
			want.Anonymous["order.state_changed"]--
		}
	}
	require.Zero(t, want.Anonymous["order.state_changed"])
	delete(want.Anonymous, "order.state_changed")
	return want
}

// TestLargeFiles: tickets, web orders and calls.
func TestLargeFiles(t *testing.T) {
	testkit.Nightly(t)
	files := []file{
		of(t, "complete-journey-tickets.yaml", "journey", identifier.Card),
		of(t, "uci-orders.yaml", "uci", identifier.Customer),
		of(t, "technion-calls.yaml", "technion", identifier.Customer),
	}
	s := start(t, files...)
	table := newReport()
	wants := map[string]realdata.Figures{}
	for _, f := range files {
		sum, importing := load(t, s, f)
		settling := s.Settled(t, settleLimit)
		want := expected(t, f)
		checkRows(t, want, sum)
		wants[f.space] = want
		table.add(f, want, importing, importing+settling)
	}
	table.print(t)
	for _, f := range files {
		compare(t, s, f, wants[f.space])
	}
	require.Positive(t, wants["uci"].Anonymous["order.placed"])
	require.Positive(t, wants["uci"].Duplicates)

	before := fingerprint(t, s)
	for _, f := range files {
		loadAgain(t, s, f)
	}
	t.Logf("imported again, settled after %.1f s", s.Settled(t, settleLimit).Seconds())
	require.Equal(t, before, fingerprint(t, s), "imported twice")
	for _, f := range files {
		compare(t, s, f, wants[f.space])
	}
}
