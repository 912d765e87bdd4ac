package realdata

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
)

// check maps and decodes the file of a mapping and compares it with what the file holds, counted apart.
func check(t *testing.T, mapping string) (want Figures) {
	t.Helper()
	data := filepath.Dir(testkit.Data(t, "er"))
	for _, i := range Imports() {
		if i.Mapping != mapping {
			continue
		}
		want, err := Expected(data, i)
		require.NoError(t, err)
		got, report := imported(t, i)
		if want.Pairs = nil; !i.Consents {
			got.Pairs = nil
			require.Equal(t, want.Rows, report.Rows)
			require.Equal(t, want.Duplicates+want.Skipped, got.Duplicates+got.Skipped)
			if want.Duplicates > 0 {
				require.Equal(t, want.Duplicates, got.Duplicates)
			}
			want.Duplicates, want.Skipped = got.Duplicates, got.Skipped
			require.Equal(t, want, got)
			return want
		}
		return got
	}
	t.Fatalf("no import with mapping %s", mapping)
	return Figures{}
}

func TestCompleteJourneyTickets(t *testing.T) {
	want := check(t, "complete-journey-tickets.yaml")
	require.Equal(t, 51244, want.Rows)
	require.Equal(t, 51244, want.Lines["sale"])
	require.Equal(t, 32266, want.Events["sale"])
	require.Len(t, want.Customers, 1659)
	require.Len(t, want.Sums, 12)
	require.Equal(t, want.Sums, want.LineSums)
}

func TestUCIOrders(t *testing.T) {
	want := check(t, "uci-orders.yaml")
	require.Equal(t, 245903, want.Rows)
	require.Equal(t, 2012, want.Duplicates)
	require.Equal(t, 2006, want.Events["return"])
	require.Positive(t, want.Anonymous["order.placed"], "anonymous lines stay anonymous")
	t.Logf("events %v lines %v customers %d anonymous %v skipped %d", want.Events, want.Lines, len(want.Customers), want.Anonymous, want.Skipped)
}

func TestSnowplow(t *testing.T) {
	web := check(t, "snowplow-web.yaml")
	require.Equal(t, 43, web.Events["page.viewed"])
	require.Equal(t, 16, check(t, "snowplow-web-consent.yaml").Events["consent.decided"], "a grant for every cookie that saw a page")
	mobile := check(t, "snowplow-mobile.yaml")
	require.Equal(t, 77, mobile.Events["screen.viewed"])
	require.Equal(t, 3, check(t, "snowplow-mobile-consent.yaml").Events["consent.decided"])
}

func TestTechnionCalls(t *testing.T) {
	want := check(t, "technion-calls.yaml")
	require.Equal(t, 23668, want.Events["call.ended"])
	require.Equal(t, 10104, want.Anonymous["call.ended"])
}

func TestTauBench(t *testing.T) {
	require.Len(t, check(t, "taubench-users.yaml").Customers, 500)
	want := check(t, "taubench-orders.yaml")
	require.Equal(t, map[string]int{"preparing": 102, "delivered": 373, "cancelled": 102}, want.States)
	require.Len(t, want.Customers, 438)
}

func TestNumbersAreReadDigitByDigit(t *testing.T) {
	for in, want := range map[string]int64{"1.1": 1100, "-0.05": -50, "3": 3000, "4.440892e-16": 0, "0.001": 1} {
		got, err := thousandths(in)
		require.NoError(t, err)
		require.Equal(t, want, got, in)
	}
	for _, in := range []string{"", "1,5", "x", "1.2345"} {
		_, err := thousandths(in)
		require.Error(t, err, in)
	}
	require.EqualValues(t, 1, cents(5))
	require.EqualValues(t, -1, cents(-5))
	require.EqualValues(t, 0, cents(4))
}
