package scenarios

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/stack"
)

func TestAnOrderToCollectIsShownUntilItIsCollected(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	p := somebody()
	at := time.Now().Add(-time.Hour)
	goods := stack.Euros(4500)
	goods.Fulfilment, goods.CollectStore = "collect", "paris-1"
	s.Send(t, stack.OwnShop, with(happened("order.placed", at, p.accountID(), p.orderID()), goods))
	s.Send(t, stack.TillParis, stateOf(p, at.Add(time.Minute), "ready")) // the store knows the number alone
	r := known(t, s, p.accountID(), toCollect(1, "ready"))
	require.Equal(t, "paris-1", r.ToCollect[0].CollectStore)
	inClickHouse(t, s, reserved, r.RCUID, is(map[string]int64{"to_collect": 1, "sold": 4500}))
	seller := s.Lookup(t, stack.Seller, p.orderNumber(), "contract")
	require.Equal(t, r.RCUID, seller.RCUID)

	s.Send(t, stack.TillParis, stateOf(p, at.Add(2*time.Minute), "collected"))
	known(t, s, p.accountID(), toCollect(0, "collected"))
	inClickHouse(t, s, reserved, r.RCUID, is(map[string]int64{"to_collect": 0, "sold": 4500}))
}

const reserved = `SELECT sum(orders_to_collect) AS to_collect, sum(sold_by_currency['EUR']) AS sold FROM customer_360 WHERE rcu_id = {id:String}`

func stateOf(p person, at time.Time, state string) stack.Event {
	return with(happened("order.state_changed", at, p.orderID()),
		stack.Data{"state": state, "store": "paris-1", "pieces": []stack.Data{{"sku": "JUMPER-M", "number": 1, "state": state}}})
}

// toCollect says how many orders wait for the customer, and how their order stands.
func toCollect(n int, state string) func(stack.Reading) error {
	return func(r stack.Reading) error {
		if len(r.ToCollect) != n || len(r.Orders) != 1 || r.Orders[0].State != state {
			return fmt.Errorf("%d orders to collect instead of %d, or not %s", len(r.ToCollect), n, state)
		}
		return nil
	}
}

func TestASaleThatIsTakenBackCountsNoMoreInAnyOrder(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	at := time.Now().Add(-time.Hour)
	for _, first := range []string{"sale", "event.retracted"} {
		p := somebody()
		wrong, right := sale(at, 9900, p.cardID()), sale(at, 100, p.cardID())
		back := with(happened("event.retracted", at, p.cardID()), stack.Data{"id": wrong.ID, "type": "sale", "reason": "wrong_customer"})
		back.OccurredAt = wrong.OccurredAt
		if first == "sale" {
			s.Send(t, stack.TillParis, right, wrong)
			known(t, s, p.cardID(), bought(10_000, 0, 2))
			s.Send(t, stack.TillParis, back)
		} else {
			s.Send(t, stack.TillParis, right, back)
			known(t, s, p.cardID(), bought(100, 0, 1))
			inTables(t, s, stack.Admin, "SELECT count() AS n FROM retractions FINAL WHERE retracted_id = {id:String}", wrong.ID, is(map[string]int64{"n": 1}))
			s.Send(t, stack.TillParis, wrong)
		}
		r := known(t, s, p.cardID(), func(r stack.Reading) error {
			if r.Retractions != 1 {
				return fmt.Errorf("%d retractions", r.Retractions)
			}
			return bought(100, 0, 1)(r)
		})
		inClickHouse(t, s, sums, r.RCUID, is(map[string]int64{"sold": 100, "tickets": 1}))
		inClickHouse(t, s, `SELECT countIf(type = 'sale' AND retracted = 1) AS taken_back, countIf(type = 'sale' AND retracted = 0) AS stand
			FROM customer_timeline WHERE rcu_id = {id:String}`, r.RCUID, is(map[string]int64{"taken_back": 1, "stand": 1}))
	}
}
