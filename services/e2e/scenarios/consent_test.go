package scenarios

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/stack"
)

// inForce is how soon a decision must show everywhere.
const inForce = 5 * time.Second

func TestAWithdrawalTakesTheBrowsingAwayAndLeavesTheOrder(t *testing.T) {
	s := stack.Shared(t)
	p := somebody()
	browsing := p.cookieID()
	now := time.Now()
	at := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }

	s.Send(t, stack.Shop, decided(at(-60), stack.Grant(browsing, "unify_behaviour")))
	s.Send(t, stack.Shop, happened("account.logged_in", at(-50), p.accountID(), stack.Proved("email", p.email), browsing))
	s.Send(t, stack.Shop, viewed(at(-49), p, p.accountID(), browsing), viewed(at(-48), p, p.accountID(), browsing))
	s.Send(t, stack.Shop, viewed(at(-55), p, browsing)) // before the log-in
	s.Send(t, stack.Shop, order(at(-45), 3000, p.accountID(), browsing, p.orderID()))
	r := showsViews(t, s, p, 3)
	timelineShows(t, s, r.RCUID, p, 3, soon)

	began := time.Now()
	s.Send(t, stack.Shop, decided(at(-30), stack.Withdraw(browsing, "unify_behaviour")))
	answered := time.Since(began)
	inAPI := noViews(t, s, p)
	inViews := timelineShows(t, s, r.RCUID, p, 0, inForce)
	t.Logf("withdrawal: answered after %s, gone from the record %s and from ClickHouse %s after the answer", answered.Round(time.Millisecond), inAPI.Round(time.Millisecond), (inAPI + inViews).Round(time.Millisecond))
	require.Less(t, inAPI, time.Second, "a denial is in force at once where records are read")
	require.Less(t, inAPI+inViews, inForce)
	known(t, s, p.accountID(), bought(3000, 0, 1))

	a := s.Post(t, stack.Shop, viewed(at(-20), p, p.accountID(), browsing), viewed(at(-47), p, p.accountID(), browsing))
	require.Equal(t, 2, a.Dropped, "neither what was seen after the withdrawal nor what comes late is taken in: %s", a.Body)
	require.Equal(t, "consent", a.Results[0].Reason)

	began = time.Now()
	s.Send(t, stack.Shop, decided(at(-10), stack.Grant(browsing, "unify_behaviour")))
	s.Send(t, stack.Shop, viewed(at(-5), p, p.accountID(), browsing))
	again := showsViews(t, s, p, 4)
	inAPI = time.Since(began)
	timelineShows(t, s, r.RCUID, p, 4, inForce)
	t.Logf("new grant: back in the record after %s, in ClickHouse after %s", inAPI.Round(time.Millisecond), time.Since(began).Round(time.Millisecond))
	require.Equal(t, r.RCUID, again.RCUID, "the customer keeps the id")
	require.NoError(t, bought(3000, 0, 1)(again))
}

// viewed is a page about a product that nobody else looks at.
func viewed(at time.Time, p person, ids ...stack.Identifier) stack.Event {
	return with(happened("product.viewed", at, ids...), stack.Data{"sku": "SKU-" + p.order, "category": "clothing"})
}

func showsViews(t *testing.T, s *stack.Stack, p person, n int64) stack.Reading {
	t.Helper()
	r := knownFor(t, s, p.accountID(), "unify_behaviour", func(r stack.Reading) error {
		if r.Counters["product.viewed"] != n {
			return fmt.Errorf("%d views instead of %d", r.Counters["product.viewed"], n)
		}
		return nil
	})
	plain := s.Lookup(t, stack.Service, p.accountID(), "contract")
	require.Zero(t, plain.Counters["product.viewed"], "browsing is not shown for another purpose")
	return r
}

// noViews waits until the record holds no browsing for any purpose and by any identifier.
func noViews(t *testing.T, s *stack.Stack, p person) time.Duration {
	t.Helper()
	return stack.Eventually(t, inForce, "no browsing is left in the record", func() error {
		for _, purpose := range []string{"unify_behaviour", "store_view_web", "personalise", "profiling", "contract"} {
			for _, id := range []stack.Identifier{p.accountID(), p.cookieID()} {
				if r := s.Lookup(t, stack.Service, id, purpose); r.Counters["product.viewed"] != 0 {
					return fmt.Errorf("%d views for %s by %s", r.Counters["product.viewed"], purpose, id.Namespace)
				}
			}
		}
		return nil
	})
}

// timelineShows waits until ClickHouse shows so many views on the customer, and none of them on anybody else.
func timelineShows(t *testing.T, s *stack.Stack, rcuID string, p person, n int64, within time.Duration) time.Duration {
	t.Helper()
	return stack.Eventually(t, within, "customer_timeline and customer_360 show the views", func() error {
		at := map[string]string{"id": rcuID, "sku": "SKU-" + p.order}
		rows := s.Query(t, stack.Analyst, `SELECT countIf(rcu_id = {id:String}) AS own, count() AS everywhere FROM customer_timeline WHERE sku = {sku:String}`, at)
		if err := is(map[string]int64{"own": n, "everywhere": n})(rows[0]); err != nil {
			return fmt.Errorf("customer_timeline: %w", err)
		}
		rows = s.Query(t, stack.Analyst, `SELECT sum(events_by_type['product.viewed']) AS views, sum(sold_by_currency['EUR']) AS sold FROM customer_360 WHERE rcu_id = {id:String}`, at)
		if err := is(map[string]int64{"views": n, "sold": 3000})(rows[0]); err != nil {
			return fmt.Errorf("customer_360: %w", err)
		}
		return nil
	})
}
