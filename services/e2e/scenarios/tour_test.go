package scenarios

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/stack"
)

func TestASaleAnOrderAndACallAreOneCustomer(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	marie := somebody()
	at := time.Date(2000, time.March, 14, 10, 0, 0, 0, time.UTC) // a month of this test alone, older than the tickets of decades
	inStore := sale(at, 4599, marie.cardID(), marie.emailID())
	inStore.Traits = map[string]string{"given_name": "Marie", "family_name": "Durand"}
	s.Send(t, stack.TillParis, inStore)
	s.Send(t, stack.Shop, order(at.AddDate(0, 0, 2), 2000, marie.accountID(), stack.Proved("email", marie.email), marie.orderID()))
	s.Send(t, stack.Desk, with(happened("call.ended", at.AddDate(0, 0, 3), marie.accountID(), stack.ID("phone", marie.phone), stack.ID("call", marie.order)),
		stack.Data{"duration_seconds": 120, "outcome": "answered", "topic": "delivery"}))

	r := known(t, s, marie.cardID(), func(r stack.Reading) error {
		if len(r.Channels) != 3 {
			return fmt.Errorf("%d channels instead of 3", len(r.Channels))
		}
		return bought(6599, 0, 2)(r)
	})
	for _, id := range []stack.Identifier{marie.accountID(), marie.emailID(), stack.ID("phone", marie.phone), marie.orderNumber()} {
		other := s.Lookup(t, stack.Service, id, "contract")
		require.Equal(t, r.RCUID, other.RCUID, id.Namespace)
		require.Equal(t, r.Record, other.Record, id.Namespace)
	}
	require.Equal(t, "Marie", r.Traits["given_name"].Value)
	require.Equal(t, []string{stack.Digital, stack.Retail}, r.Controllers)
	require.Len(t, r.Orders, 2, "the order and the ticket")
	require.Equal(t, marie.order, r.Orders[0].Number)
	require.Len(t, s.Timeline(t, stack.Service, r.RCUID, "contract").Events, 3)

	inClickHouse(t, s, sums, r.RCUID, is(map[string]int64{"sold": 6599, "returned": 0, "tickets": 2}))
	inClickHouse(t, s, rowsOf, r.RCUID, is(map[string]int64{"events": 3}))
	inClickHouse(t, s, `SELECT sum(sold) AS sold, sum(orders) AS orders, uniqExact(channel) AS channels, sum(anonymous) AS anonymous
		FROM orders_by_channel WHERE month = 200003 AND {id:String} != ''`, r.RCUID, is(map[string]int64{"sold": 6599, "orders": 2, "channels": 2, "anonymous": 0}))
	explained(t, s, r.RCUID)
	readersSeeTheirPart(t, s, marie)
}

// explained says that the record names why: every identifier hangs together by links that joined or confirm.
func explained(t *testing.T, s *stack.Stack, rcuID string) {
	t.Helper()
	why := s.Explain(t, stack.Steward, rcuID)
	require.Equal(t, "clean", why.Standing)
	pairs := map[string]string{}
	for _, l := range why.Links {
		pairs[l.A.Namespace+"-"+l.B.Namespace] = l.Outcome
		pairs[l.B.Namespace+"-"+l.A.Namespace] = l.Outcome
		require.NotNil(t, l.Since, "%+v", l)
		require.Positive(t, l.Witnesses)
	}
	require.Equal(t, "joined", pairs["card-email"])
	require.Equal(t, "joined", pairs["customer-email"])
	require.Equal(t, "joined", pairs["customer-phone"])
	require.Len(t, s.Identifiers(t, stack.Steward, rcuID).Identifiers, 4)
}

// readersSeeTheirPart says that controllers and roles bound an answer.
func readersSeeTheirPart(t *testing.T, s *stack.Stack, p person) {
	t.Helper()
	retail := s.Lookup(t, stack.RetailService, p.cardID(), "contract")
	require.Equal(t, []string{stack.Retail}, retail.Controllers)
	require.NoError(t, bought(4599, 0, 1)(retail))
	require.Len(t, retail.Orders, 1, "the ticket without the order of the other controller")
	require.Equal(t, 404, s.Lookup(t, stack.Stranger, p.cardID(), "contract").Status)
	require.Equal(t, 400, s.Lookup(t, stack.Service, p.cardID(), "").Status)
	seller := s.Lookup(t, stack.Seller, p.cardID(), "contract")
	require.NotContains(t, seller.Body, p.email, "a seller sees a masked address")
	require.Empty(t, seller.Spend)
}
