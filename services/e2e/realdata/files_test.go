package realdata

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/testkit"
)

func TestCompleteJourneyTickets(t *testing.T) {
	path := testkit.Data(t, "pos", "completejourney_transactions.csv.gz")
	want, err := CompleteJourney(path)
	require.NoError(t, err)
	got, _ := imported(t, "complete-journey-tickets.yaml", origin(t, "store", "America/New_York", "USD", "US", identifier.CardCheckNone), path)
	same(t, want, got)
	require.Equal(t, 51244, want.Rows)
	require.Equal(t, 32266, want.Events["sale"])
	require.Len(t, want.Customers, 1659)
	require.Len(t, want.Sums, 12)
	require.Equal(t, want.Sums, want.LineSums)
}

func TestUCIOrders(t *testing.T) {
	path := testkit.Data(t, "web", "uci_online_retail_2010-12_2011-06.csv.gz")
	want, err := UCI(path)
	require.NoError(t, err)
	got, report := imported(t, "uci-orders.yaml", origin(t, "web", "Europe/London", "GBP", "GB", identifier.CardCheckAuto), path)
	same(t, want, got)
	require.Equal(t, 245903, want.Rows)
	require.Equal(t, 2006, want.Events["return"])
	require.Equal(t, map[string]int{"stock-adjustment": want.Skipped}, report.Skipped)
	require.Positive(t, want.Anonymous["order.placed"], "anonymous lines stay anonymous")
	t.Logf("events %v lines %v customers %d anonymous %v duplicates %d skipped %d", want.Events, want.Lines, len(want.Customers), want.Anonymous, want.Duplicates, want.Skipped)
}

func TestSnowplowWeb(t *testing.T) {
	path := testkit.Data(t, "web", "snowplow_web", "source", "snowplow_web_events.csv")
	want, err := SnowplowWeb(path, testkit.Data(t, "web", "snowplow_web", "expected", "snowplow_web_page_views_expected.csv"))
	require.NoError(t, err)
	o := origin(t, "web", "UTC", "USD", "US", identifier.CardCheckAuto)
	got, _ := imported(t, "snowplow-web.yaml", o, path)
	require.Equal(t, want.Pairs, got.Customers, "(user, page views)")
	require.Equal(t, 43, got.Events["page.viewed"])
	require.Equal(t, want.Rows, got.Rows)
	grants, _ := imported(t, "snowplow-web-consent.yaml", o, path)
	require.Equal(t, 16, grants.Events["consent.decided"], "a grant for every cookie that saw a page")
}

func TestSnowplowMobile(t *testing.T) {
	path := testkit.Data(t, "mobile", "snowplow_mobile", "source", "snowplow_mobile_events.csv")
	want, err := SnowplowMobile(path, testkit.Data(t, "mobile", "snowplow_mobile", "expected", "snowplow_mobile_screen_views_expected.csv"))
	require.NoError(t, err)
	o := origin(t, "mobile", "UTC", "USD", "US", identifier.CardCheckAuto)
	got, _ := imported(t, "snowplow-mobile.yaml", o, path)
	require.Equal(t, want.Pairs, got.Customers, "(user, screen views)")
	require.Equal(t, 77, got.Events["screen.viewed"])
	grants, _ := imported(t, "snowplow-mobile-consent.yaml", o, path)
	require.Equal(t, 3, grants.Events["consent.decided"])
}

func TestTechnionCalls(t *testing.T) {
	path := testkit.Data(t, "callcentre", "technion_calls_aug_01_15.csv.gz")
	want, err := Technion(path)
	require.NoError(t, err)
	got, _ := imported(t, "technion-calls.yaml", origin(t, "callcentre", "Asia/Jerusalem", "ILS", "IL", identifier.CardCheckAuto), path)
	same(t, want, got)
	require.Equal(t, 23668, want.Events["call.ended"])
	require.Equal(t, 10104, want.Anonymous["call.ended"])
}

func TestTauBench(t *testing.T) {
	users := testkit.Data(t, "callcentre", "taubench_retail_users.json.gz")
	want, err := TauBenchUsers(users)
	require.NoError(t, err)
	got, _ := imported(t, "taubench-users.yaml", origin(t, "callcentre", "America/New_York", "USD", "US", identifier.CardCheckAuto), users)
	same(t, want, got)
	require.Len(t, want.Customers, 500)

	orders := testkit.Data(t, "callcentre", "taubench_retail_orders.json.gz")
	want, err = TauBenchOrders(orders, "2024-05")
	require.NoError(t, err)
	got, _ = imported(t, "taubench-orders.yaml", origin(t, "web", "America/New_York", "USD", "US", identifier.CardCheckAuto), orders)
	same(t, want, got)
	require.Equal(t, map[string]int{"preparing": 102, "delivered": 373, "cancelled": 102}, want.States)
	require.Len(t, want.Customers, 438)
}
