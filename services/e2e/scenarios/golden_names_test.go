package scenarios

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/stack"
)

// The golden cases that hang on names: a name counts against a link once it was said on two days.

// ago is so many days before now.
func ago(days int) time.Time { return time.Now().Add(-time.Duration(days) * 24 * time.Hour) }

func TestGolden_oneWrongNameMovesNobody(t *testing.T) {
	t.Parallel()
	s, marie := stack.Shared(t), somebody()
	email := stack.Proved("email", marie.email)
	number := func(n string) stack.Identifier { return stack.ID("order", marie.order+n) }
	s.Send(t, stack.Shop,
		named(order(ago(9), 1000, marie.accountID(), email, number("a")), "Marie", "Quesnoy"), named(order(ago(7), 2000, marie.accountID(), email, number("b")), "Marie", "Quesnoy"),
		named(order(ago(5), 4000, email, number("c")), "Paul", "Quesnoy"))
	hers := belongs(t, s, marie.accountID(), 7000, 3, 3)
	require.Equal(t, hers, belongs(t, s, email, 7000, 3, 3))
}

func TestGolden_anEmailIsRefusedOnTheCardOfAnotherName(t *testing.T) {
	t.Parallel()
	s, marie, paul := stack.Shared(t), somebody(), somebody()
	email := stack.Proved("email", marie.email)
	s.Send(t, stack.Shop,
		named(order(ago(9), 1000, marie.accountID(), email, stack.ID("order", marie.order+"a")), "Marie", "Hautefeuille"),
		named(order(ago(8), 2000, marie.accountID(), email, stack.ID("order", marie.order+"b")), "Marie", "Hautefeuille"))
	s.Send(t, stack.TillParis, named(sale(ago(9), 10, paul.cardID()), "Paul", "Hautefeuille"), named(sale(ago(8), 20, paul.cardID()), "Paul", "Hautefeuille"))
	s.Send(t, stack.TillParis, sale(ago(7), 40, paul.cardID(), marie.emailID()))
	his, hers := belongs(t, s, paul.cardID(), 70, 3, 3), belongs(t, s, marie.accountID(), 3000, 2, 2)
	require.NotEqual(t, his, hers)
	require.Equal(t, hers, belongs(t, s, email, 3000, 2, 2), "she keeps the address")
	refusedBy(t, s, his, "person")
}

func TestGolden_aResoldPhoneOfTwoNamesIsGivenToItsNewOwner(t *testing.T) {
	t.Parallel()
	s, marie, paul := stack.Shared(t), somebody(), somebody()
	proved, said := stack.Proved("phone", marie.phone), stack.ID("phone", marie.phone)
	s.Send(t, stack.TillParis,
		named(sale(ago(60), 1000, marie.cardID(), proved), "Marie", "Vandamme"), named(sale(ago(59), 2000, marie.cardID(), proved), "Marie", "Vandamme"),
		named(sale(ago(10), 10, paul.cardID(), said), "Paul", "Vandamme"), named(sale(ago(9), 20, paul.cardID(), said), "Paul", "Vandamme"))
	namesNobody(t, s, said, "contested")
	one, two := belongs(t, s, marie.cardID(), 3000, 2, 2), belongs(t, s, paul.cardID(), 30, 2, 2)
	require.NotEqual(t, one, two)

	require.True(t, s.Act(t, "ban", "the number was given to somebody else", "", proved, marie.cardID()).Effective)
	require.True(t, s.Act(t, "release", "it is his now", "", proved).Effective)
	s.Send(t, stack.OwnShop, order(time.Now().Add(-time.Minute), 40, said, paul.orderID()))
	require.Equal(t, two, belongs(t, s, paul.cardID(), 70, 3, 3), "what the number orders is his")
	require.Equal(t, one, belongs(t, s, marie.cardID(), 3000, 2, 2))
}
