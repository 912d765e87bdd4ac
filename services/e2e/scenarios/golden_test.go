package scenarios

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/stack"
)

// The golden cases of the kernel's default rules, through HTTP, Kafka, Redis and ClickHouse.

// belongs waits until a record and its rows in ClickHouse hold so much, and returns the id.
func belongs(t *testing.T, s *stack.Stack, id stack.Identifier, sold, tickets, events int64) string {
	t.Helper()
	return stands(t, s, soon, id, sold, tickets, events)
}

// namesNobody waits until an identifier has a standing that says it is nobody's.
func namesNobody(t *testing.T, s *stack.Stack, id stack.Identifier, standing string) {
	t.Helper()
	known(t, s, id, func(r stack.Reading) error {
		if r.Standing != standing {
			return fmt.Errorf("its standing is %q instead of %q", r.Standing, standing)
		}
		return nil
	})
}

// nobodys waits until an event lies in ClickHouse; people are the events that each person has then.
func nobodys(t *testing.T, s *stack.Stack, event string, people map[string]int64) {
	t.Helper()
	stack.Eventually(t, soon, "the event is in ClickHouse", func() error {
		if rows := s.Query(t, stack.Admin, `SELECT 1 AS one FROM events FINAL WHERE event_id = {id:String}`, map[string]string{"id": event}); len(rows) != 1 {
			return fmt.Errorf("%d rows instead of 1", len(rows))
		}
		return nil
	})
	for id, n := range people {
		inClickHouse(t, s, rowsOf, id, is(map[string]int64{"events": n}))
	}
}

func named(e stack.Event, given, family string) stack.Event {
	e.Traits = map[string]string{"given_name": given, "family_name": family}
	return e
}

func TestGolden_cardAndAccountWithOneEmailAreOnePerson(t *testing.T) {
	t.Parallel()
	s, p, at := stack.Shared(t), somebody(), time.Now().Add(-time.Hour)
	s.Send(t, stack.TillParis, sale(at, 1000, p.cardID(), p.emailID()))
	s.Send(t, stack.Shop, order(at.Add(time.Minute), 2000, p.accountID(), stack.Proved("email", p.email), p.orderID()))
	require.Equal(t, belongs(t, s, p.cardID(), 3000, 2, 2), belongs(t, s, p.accountID(), 3000, 2, 2))
}

func TestGolden_aShopTabletIsNobody(t *testing.T) {
	t.Parallel()
	s, anne, paul := stack.Shared(t), somebody(), somebody()
	tablet := stack.Proved("cookie", "tablet-"+anne.cookie)
	now := time.Now()
	at := func(minutes int) time.Time { return now.Add(time.Duration(minutes) * time.Minute) }
	s.Send(t, stack.Shop, decided(at(-60), stack.Grant(tablet, "unify_behaviour")))
	s.Send(t, stack.Shop, order(at(-50), 1000, anne.accountID(), tablet, anne.orderID()), order(at(-40), 2000, paul.accountID(), tablet, paul.orderID()))
	seen := viewed(at(-30), anne, tablet)
	s.Send(t, stack.Shop, seen)
	one, two := belongs(t, s, anne.accountID(), 1000, 1, 1), belongs(t, s, paul.accountID(), 2000, 1, 1)
	require.NotEqual(t, one, two)
	namesNobody(t, s, tablet, "quarantined")
	nobodys(t, s, seen.ID, map[string]int64{one: 1, two: 1})
}

func TestGolden_aTypedEmailIsRefusedOnTheCardOfAnother(t *testing.T) {
	t.Parallel()
	s, anne, paul, at := stack.Shared(t), somebody(), somebody(), time.Now().Add(-time.Hour)
	s.Send(t, stack.Shop, order(at, 1000, anne.accountID(), stack.Proved("email", anne.email), anne.orderID()))
	s.Send(t, stack.TillParis, sale(at.Add(time.Minute), 2000, anne.cardID(), stack.Proved("email", anne.email)))
	hers := belongs(t, s, anne.accountID(), 3000, 2, 2)
	s.Send(t, stack.TillParis, sale(at.Add(2*time.Minute), 4000, paul.cardID(), anne.emailID()))
	require.NotEqual(t, hers, belongs(t, s, paul.cardID(), 4000, 1, 1))
	require.Equal(t, hers, belongs(t, s, anne.emailID(), 3000, 2, 2), "the owner keeps the address")
	refusedBy(t, s, hers, "unique")
}

func TestGolden_theSecondCardOfAnAccountStandsAlone(t *testing.T) {
	t.Parallel()
	s, p, other, at := stack.Shared(t), somebody(), somebody(), time.Now().Add(-time.Hour)
	s.Send(t, stack.TillParis, sale(at, 1000, p.cardID(), p.accountID()), sale(at.Add(time.Minute), 2000, other.cardID(), p.accountID()))
	first := belongs(t, s, p.accountID(), 3000, 2, 2) // an account names its own sales
	require.Equal(t, first, known(t, s, p.cardID(), bought(3000, 0, 2)).RCUID)
	stack.Eventually(t, soon, "the second card is nobody's but its own", func() error {
		if r := s.Lookup(t, stack.Service, other.cardID(), "contract"); r.Status == 200 && r.RCUID == first {
			return fmt.Errorf("it is on the record of the first")
		}
		return nil
	})
	refusedBy(t, s, first, "unique")
}

func TestGolden_aTillsEmailIsNobody(t *testing.T) {
	t.Parallel()
	s, anne, paul, token := stack.Shared(t), somebody(), somebody(), somebody()
	at := time.Now().Add(-time.Hour)
	till := stack.ID("email", "till."+anne.email)
	pay := stack.Proved("pay", "tok-"+token.account)
	s.Send(t, stack.TillParis, sale(at, 1000, anne.cardID(), till), sale(at.Add(time.Minute), 2000, paul.cardID(), till))
	s.Send(t, stack.TillParis, sale(at.Add(2*time.Minute), 4000, pay, till), sale(at.Add(3*time.Minute), 8000, token.cardID(), pay))
	one, two := belongs(t, s, anne.cardID(), 1000, 1, 1), belongs(t, s, paul.cardID(), 2000, 1, 1)
	three := belongs(t, s, token.cardID(), 12000, 2, 2)
	require.NotEqual(t, one, two)
	require.NotContains(t, []string{one, two}, three, "the sale is on the person of the token")
	namesNobody(t, s, till, "quarantined")
}

func TestGolden_aStaffPhoneIsNobody(t *testing.T) {
	t.Parallel()
	s, at := stack.Shared(t), time.Now().Add(-time.Hour)
	staff := somebody()
	phone := stack.ID("phone", staff.phone)
	var cards []person
	for i := range 4 {
		cards = append(cards, somebody())
		s.Send(t, stack.TillLyon, sale(at.Add(time.Duration(i)*time.Minute), 1000, cards[i].cardID(), phone))
	}
	namesNobody(t, s, phone, "quarantined")
	ids := map[string]bool{}
	for _, p := range cards {
		ids[belongs(t, s, p.cardID(), 1000, 1, 1)] = true
	}
	require.Len(t, ids, len(cards))
}

func TestGolden_aDummyCustomerNumberIsNobody(t *testing.T) {
	t.Parallel()
	s, at := stack.Shared(t), time.Now().Add(-time.Hour)
	dummy := stack.ID("customer", "DUMMY"+somebody().account)
	var cards []person
	for i := range 9 {
		p := somebody()
		cards = append(cards, p)
		minute := at.Add(time.Duration(i) * time.Minute)
		s.Send(t, stack.TillLyon, sale(minute, 1000, p.cardID()), sale(minute.Add(time.Second), 50, p.cardID(), dummy))
	}
	namesNobody(t, s, dummy, "quarantined")
	ids := map[string]bool{}
	for _, p := range cards {
		ids[belongs(t, s, p.cardID(), 1000, 1, 1)] = true // what was sold under the number alone is nobody's
	}
	require.Len(t, ids, len(cards))
}

func TestGolden_aCoupleWithOneEmailIsTwoPeople(t *testing.T) {
	t.Parallel()
	s, marie, paul := stack.Shared(t), somebody(), somebody()
	shared := stack.Proved("email", marie.email)
	day := func(n int) time.Time { return time.Now().Add(-time.Duration(n) * 24 * time.Hour) }
	guest := func(n int, minor int64, p person, given string) stack.Event {
		return named(order(day(n), minor, shared, stack.Proved("phone", p.phone), stack.ID("order", fmt.Sprintf("%s-%d", p.order, n))), given, "Beaurepaire")
	}
	s.Send(t, stack.Shop, guest(9, 1000, marie, "Marie"), guest(7, 1000, marie, "Marie"))
	belongs(t, s, shared, 2000, 2, 2)
	s.Send(t, stack.Shop, guest(5, 200, paul, "Paul"))
	known(t, s, shared, func(r stack.Reading) error { // one day attests nothing
		if r.Standing != "" {
			return fmt.Errorf("its standing is %q", r.Standing)
		}
		return nil
	})
	s.Send(t, stack.Shop, guest(3, 200, paul, "Paul"))
	namesNobody(t, s, shared, "contested")
	one := known(t, s, stack.ID("phone", marie.phone), func(stack.Reading) error { return nil }).RCUID
	two := known(t, s, stack.ID("phone", paul.phone), func(stack.Reading) error { return nil }).RCUID
	require.NotEqual(t, one, two)
	nameless := order(day(1), 400, shared, stack.ID("order", marie.order+"-x"))
	s.Send(t, stack.Shop, nameless)
	nobodys(t, s, nameless.ID, map[string]int64{one: 2, two: 2})
}

func TestGolden_anOrderIsOfTheCardThatWasShownWithIt(t *testing.T) {
	t.Parallel()
	s, p, q := stack.Shared(t), somebody(), somebody()
	at := time.Now().Add(-time.Hour)
	till := stack.ID("email", "till."+p.email)
	s.Send(t, stack.TillParis, sale(at, 100, p.cardID(), till), sale(at.Add(time.Minute), 100, q.cardID(), till))
	namesNobody(t, s, till, "quarantined")
	s.Send(t, stack.OwnShop, order(at.Add(2*time.Minute), 5000, till, p.orderID()))
	s.Send(t, stack.OwnShop, happened("identifier.provided", at.Add(3*time.Minute), p.cardID(), p.orderID()))
	s.Send(t, stack.OwnShop, with(happened("order.state_changed", at.Add(4*time.Minute), p.orderID()), stack.Data{"state": "collected"}))
	known(t, s, p.cardID(), func(r stack.Reading) error {
		for _, o := range r.Orders {
			if o.State == "collected" {
				return nil
			}
		}
		return fmt.Errorf("no order that was collected: %+v", r.Orders)
	})
}

func TestGolden_aBanHoldsForWhatIsLinkedLater(t *testing.T) {
	t.Parallel()
	s, a, b, at := stack.Shared(t), somebody(), somebody(), time.Now().Add(-time.Hour)
	s.Send(t, stack.TillParis, sale(at, 1000, a.cardID(), stack.Proved("email", a.email)))
	s.Send(t, stack.Shop, order(at.Add(time.Minute), 2000, b.accountID(), stack.Proved("phone", b.phone), b.orderID()))
	one, two := belongs(t, s, a.cardID(), 1000, 1, 1), belongs(t, s, b.accountID(), 2000, 1, 1)
	require.True(t, s.Act(t, "ban", "they are neighbours", "", a.cardID(), b.accountID()).Effective)
	s.Send(t, stack.TillParis, happened("identifier.provided", at.Add(2*time.Minute), stack.Proved("email", a.email), stack.Proved("phone", b.phone)))
	stack.Eventually(t, soon, "the link is refused by the ban", func() error {
		for _, l := range s.Explain(t, stack.Steward, one).Links {
			if l.Outcome == "refused" && l.Reason == "ban" {
				return nil
			}
		}
		return fmt.Errorf("no refused link")
	})
	require.Equal(t, one, known(t, s, a.cardID(), bought(1000, 0, 1)).RCUID)
	require.Equal(t, two, known(t, s, b.accountID(), bought(2000, 0, 1)).RCUID)
}
