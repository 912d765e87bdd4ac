package scenarios

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/stack"
)

func TestAReturnByOrderNumberAloneReachesTheBuyerInAnyOrder(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	at := time.Now().Add(-time.Hour)
	for _, shop := range []string{stack.Shop, stack.OwnShop} { // of another controller than the store, and of the same
		records := make([]stack.Reading, 2)
		for i, returnFirst := range []bool{false, true} {
			p := somebody()
			bought := order(at, 5000, p.accountID(), stack.Proved("email", p.email), p.orderID())
			back := giveBack(at.Add(30*time.Minute), 2000, p.orderID())
			if returnFirst {
				s.Send(t, stack.TillLyon, back)
				returnIsTaken(t, s, p, back.ID)
				s.Send(t, shop, bought)
			} else {
				s.Send(t, shop, bought)
				known(t, s, p.accountID(), func(stack.Reading) error { return nil })
				s.Send(t, stack.TillLyon, back)
			}
			records[i] = returned(t, s, p)
		}
		require.Equal(t, records[0].Spend, records[1].Spend, shop)
		require.Equal(t, records[0].Counters, records[1].Counters, shop)
		require.Equal(t, records[0].Controllers, records[1].Controllers, shop)
		require.Equal(t, records[0].Orders[0].Returned, records[1].Orders[0].Returned, shop)
		require.Equal(t, records[0].Orders[0].State, records[1].Orders[0].State, shop)
	}
}

// returnIsTaken waits until the return alone went through: it belongs to nobody yet.
func returnIsTaken(t *testing.T, s *stack.Stack, p person, id string) {
	t.Helper()
	stack.Eventually(t, soon, "the return is in ClickHouse", func() error {
		rows := s.Query(t, stack.Admin, "SELECT rcu_id FROM events FINAL WHERE event_id = {id:String}", map[string]string{"id": id})
		if len(rows) != 1 || rows[0].Text("rcu_id") != "" {
			return fmt.Errorf("%v", rows)
		}
		return nil
	})
	require.Equal(t, 404, s.Lookup(t, stack.Service, p.accountID(), "contract").Status)
}

// returned waits for the record with order and return, in the API and in ClickHouse.
func returned(t *testing.T, s *stack.Stack, p person) stack.Reading {
	t.Helper()
	r := known(t, s, p.accountID(), func(r stack.Reading) error {
		if len(r.Orders) != 1 || len(r.Orders[0].Returned) != 1 || r.Orders[0].Returned[0].Amount != 2000 {
			return errors.New("the order does not show its return")
		}
		return bought(5000, 2000, 1)(r)
	})
	require.False(t, r.Orders[0].OverReturned)
	require.Equal(t, p.order, r.Orders[0].Number)
	byNumber := known(t, s, p.orderNumber(), bought(5000, 2000, 1))
	require.Equal(t, r.RCUID, byNumber.RCUID)
	inClickHouse(t, s, sums, r.RCUID, is(map[string]int64{"sold": 5000, "returned": 2000, "tickets": 1}))
	inClickHouse(t, s, rowsOf, r.RCUID, is(map[string]int64{"events": 2}))
	return r
}
