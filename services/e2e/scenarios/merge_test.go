package scenarios

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/stack"
)

func TestTwoCustomersBecomeOneAndPartAgainAndTheirIdsResolve(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	p := somebody()
	at := time.Now().Add(-time.Hour)
	email := stack.Proved("email", p.email)
	s.Send(t, stack.TillParis, sale(at, 1000, p.cardID()))
	s.Send(t, stack.Shop, order(at, 3000, p.accountID(), email, p.orderID()))
	card := known(t, s, p.cardID(), bought(1000, 0, 1))
	account := known(t, s, p.accountID(), bought(3000, 0, 1))
	require.NotEqual(t, card.RCUID, account.RCUID)

	s.Send(t, stack.TillParis, happened("identifier.provided", at.Add(time.Minute), p.cardID(), email))
	one := known(t, s, p.cardID(), bought(4000, 0, 2))
	for _, before := range []string{card.RCUID, account.RCUID} {
		r := s.Get(t, stack.Service, before, "contract")
		require.Equal(t, 200, r.Status, r.Body)
		require.Equal(t, one.RCUID, r.RCUID)
		if before != one.RCUID {
			require.Equal(t, before, r.Asked)
			require.Contains(t, r.Also, before)
		}
	}
	inClickHouse(t, s, sums, one.RCUID, is(map[string]int64{"sold": 4000, "tickets": 2}))
	inClickHouse(t, s, rowsOf, one.RCUID, is(map[string]int64{"events": 3}))
	gone(t, s, one.RCUID, card.RCUID, account.RCUID)

	// The customer objects to the link by e-mail: what hung on it parts.
	s.Send(t, stack.Shop, decided(at.Add(2*time.Minute), stack.Decision{Point: p.emailID(), Purpose: "unify_core", Decision: "object"}))
	apart := known(t, s, p.cardID(), bought(1000, 0, 1))
	require.Equal(t, card.RCUID, apart.RCUID, "the parts have the ids that they had")
	require.Equal(t, account.RCUID, known(t, s, p.accountID(), bought(3000, 0, 1)).RCUID)
	inClickHouse(t, s, sums, card.RCUID, is(map[string]int64{"sold": 1000, "tickets": 1}))
	inClickHouse(t, s, sums, account.RCUID, is(map[string]int64{"sold": 3000, "tickets": 1}))
}

// gone waits until ClickHouse shows nothing under ids that were given up.
func gone(t *testing.T, s *stack.Stack, kept string, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if id == kept {
			continue
		}
		inClickHouse(t, s, rowsOf, id, is(map[string]int64{"events": 0}))
		inClickHouse(t, s, sums, id, is(map[string]int64{"sold": 0, "tickets": 0}))
	}
}

func TestAFamilyAddressNamesItsPeopleAndJoinsThemNot(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	anne, paul := somebody(), somebody()
	at := time.Now().Add(-time.Hour)
	family := stack.Proved("email", anne.email)
	s.Send(t, stack.Shop, order(at, 1000, anne.accountID(), family, anne.orderID()))
	known(t, s, anne.emailID(), bought(1000, 0, 1))
	s.Send(t, stack.Shop, order(at, 2000, paul.accountID(), family, paul.orderID()))
	one, two := known(t, s, anne.accountID(), bought(1000, 0, 1)), known(t, s, paul.accountID(), bought(2000, 0, 1))
	require.NotEqual(t, one.RCUID, two.RCUID)

	r := known(t, s, anne.emailID(), func(r stack.Reading) error {
		if r.Standing != "quarantined" {
			return fmt.Errorf("the address is %q", r.Standing)
		}
		return nil
	})
	candidates := []string{}
	for _, c := range r.Candidates {
		candidates = append(candidates, c.RCUID)
	}
	require.ElementsMatch(t, []string{one.RCUID, two.RCUID}, candidates)
	require.Empty(t, r.Orders, "candidates come without contents")
	require.Empty(t, r.Traits)
	refusedBy(t, s, one.RCUID, "quarantined")
}

func refusedBy(t *testing.T, s *stack.Stack, rcuID, reason string) {
	t.Helper()
	for _, l := range s.Explain(t, stack.Steward, rcuID).Links {
		if l.Outcome == "refused" && l.Reason == reason {
			return
		}
	}
	require.Fail(t, "the refusal is not explained", reason)
}

func TestACardThatWasReplacedIsTheSameCustomer(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	p, renewed := somebody(), somebody()
	at := time.Now().Add(-time.Hour)
	s.Send(t, stack.TillParis, sale(at, 1000, p.cardID()))
	s.Send(t, stack.TillLyon, sale(at.Add(time.Minute), 2000, renewed.cardID()))
	first := known(t, s, p.cardID(), bought(1000, 0, 1))
	known(t, s, renewed.cardID(), bought(2000, 0, 1))
	s.Send(t, stack.TillParis, with(happened("loyalty.card_replaced", at.Add(2*time.Minute), renewed.cardID()), stack.Data{"old": p.card, "new": renewed.card}))
	one := known(t, s, p.cardID(), bought(3000, 0, 2))
	require.Equal(t, one.RCUID, known(t, s, renewed.cardID(), bought(3000, 0, 2)).RCUID)
	require.Equal(t, one.RCUID, s.Get(t, stack.Service, first.RCUID, "contract").RCUID)
	inClickHouse(t, s, sums, one.RCUID, is(map[string]int64{"sold": 3000, "tickets": 2}))
}
