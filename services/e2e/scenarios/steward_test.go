package scenarios

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/stack"
)

// followed is how long everything may take to be at the right person after an act.
const followed = 2 * time.Second

// stands waits for a customer's sums in Redis and ClickHouse, and returns the id.
func stands(t *testing.T, s *stack.Stack, within time.Duration, id stack.Identifier, sold, tickets, events int64) string {
	t.Helper()
	var r stack.Reading
	began := time.Now()
	stack.Eventually(t, within, "Redis has it", func() error {
		if r = s.Lookup(t, stack.Service, id, "contract"); r.Status != 200 {
			return fmt.Errorf("the API answered %d: %s", r.Status, r.Body)
		}
		return bought(sold, 0, tickets)(r)
	})
	for statement, want := range map[string]map[string]int64{sums: {"sold": sold, "tickets": tickets}, rowsOf: {"events": events}} {
		stack.Eventually(t, max(within-time.Since(began), time.Second/20), "ClickHouse has it", func() error {
			rows := s.Query(t, stack.Analyst, statement, map[string]string{"id": r.RCUID})
			if len(rows) != 1 {
				return fmt.Errorf("%d rows instead of 1", len(rows))
			}
			return is(want)(rows[0])
		})
	}
	return r.RCUID
}

// TestTwoPeopleWronglyJoinedPartAndComeTogetherAgain: an e-mail typed on a stranger's card joins two people; a hundred events later a
// steward bans the pair.
func TestTwoPeopleWronglyJoinedPartAndComeTogetherAgain(t *testing.T) {
	s := stack.Shared(t)
	anne, paul := somebody(), somebody()
	at := time.Now().Add(-24 * time.Hour)
	email, card := stack.Proved("email", anne.email), paul.cardID()
	s.Send(t, stack.Shop, order(at, 5000, anne.accountID(), email, anne.orderID()))
	s.Send(t, stack.TillParis, sale(at.Add(time.Minute), 700, card, anne.emailID())) // typed by mistake
	one := stands(t, s, soon, card, 5700, 2, 2)
	require.Equal(t, one, stands(t, s, soon, anne.accountID(), 5700, 2, 2))

	// A hundred events after the mistake, of both, by every identifier that they have.
	var tills, shop []any
	for i := range 50 {
		tills = append(tills, sale(at.Add(time.Duration(2+i)*time.Minute), 100, card))
		ids := []stack.Identifier{anne.accountID()}
		if i%2 == 1 {
			ids = []stack.Identifier{email}
		}
		shop = append(shop, order(at.Add(time.Duration(2+i)*time.Minute), 10, append(ids, stack.ID("order", fmt.Sprintf("%s-%d", anne.order, i)))...))
	}
	s.Send(t, stack.TillParis, tills...)
	s.Send(t, stack.Shop, shop...)
	stands(t, s, soon, card, 5700+50*100+50*10, 102, 102)

	seen := s.Preview(t, "ban", email, card)
	require.Len(t, seen.Effect.Before, 1)
	require.Len(t, seen.Effect.After, 2)
	done := s.Act(t, "ban", "typed by mistake on his card", "", email, card)
	require.True(t, done.Effective)
	began := time.Now()
	his := stands(t, s, followed, card, 700+50*100, 51, 51)
	hers := stands(t, s, max(followed-time.Since(began), 100*time.Millisecond), anne.accountID(), 5000+50*10, 51, 51)
	t.Logf("everything is at the right person %s after the answer", time.Since(began).Round(time.Millisecond))
	require.NotEqual(t, his, hers)
	require.Equal(t, hers, s.Lookup(t, stack.Service, email, "contract").RCUID)

	// Later events follow, also one that repeats the mistake.
	s.Send(t, stack.TillParis, sale(at.Add(2*time.Hour), 100, card, anne.emailID()))
	s.Send(t, stack.Shop, order(at.Add(2*time.Hour), 10, email, stack.ID("order", anne.order+"-late")))
	require.Equal(t, his, stands(t, s, soon, card, 700+51*100, 52, 52))
	require.Equal(t, hers, stands(t, s, soon, email, 5000+51*10, 52, 52))
	refusedBy(t, s, his, "banned")

	// The act is taken back: the one record comes back, whatever was learned meanwhile.
	back := s.Undo(t, done.Act.ID, "it is his e-mail after all")
	require.Equal(t, "clear", back.Act.Op)
	began = time.Now()
	require.Equal(t, one, stands(t, s, followed, card, 5700+51*100+51*10, 104, 104))
	t.Logf("the one record is back %s after the answer", time.Since(began).Round(time.Millisecond))
	require.Equal(t, one, s.Get(t, stack.Service, his, "contract").RCUID, "every id that was given resolves for ever")
	tellsWhatHappened(t, s, one, back.Act.ID)
}

// tellsWhatHappened checks that the history of a record names how its people parted and came together, and the act that brought it back.
func tellsWhatHappened(t *testing.T, s *stack.Stack, rcuID, act string) {
	t.Helper()
	stack.Eventually(t, soon, "the history is in ClickHouse", func() error {
		x := s.Explain(t, stack.Steward, rcuID)
		kinds, named := map[string]bool{}, false
		for _, h := range x.History {
			kinds[h.Kind] = true
			named = named || h.Kind == "merged" && h.Cause.Act == act
		}
		for _, want := range []string{"created", "banned", "split", "lifted", "merged"} {
			if !kinds[want] {
				return fmt.Errorf("%q is not told among %d transitions (unavailable: %v)", want, len(x.History), x.HistoryUnavailable)
			}
		}
		if !named {
			return fmt.Errorf("the act is not named as the cause: %v", x.History)
		}
		return nil
	})
}

// TestAResoldPhoneGoesToItsNewOwner: both owners proved it, so it identifies nobody, until a steward says whose it was.
func TestAResoldPhoneGoesToItsNewOwner(t *testing.T) {
	s := stack.Shared(t)
	old, fresh := somebody(), somebody()
	at := time.Now().Add(-24 * time.Hour)
	phone := stack.Proved("phone", old.phone)
	s.Send(t, stack.Shop, order(at, 1000, old.accountID(), phone, old.orderID()))
	s.Send(t, stack.Shop, order(at.Add(time.Hour), 2000, fresh.accountID(), phone, fresh.orderID()))
	s.Send(t, stack.Shop, order(at.Add(2*time.Hour), 4000, phone, stack.ID("order", fresh.order+"-p")))
	known(t, s, old.accountID(), bought(1000, 0, 1))
	known(t, s, fresh.accountID(), bought(2000, 0, 1))
	known(t, s, phone, func(r stack.Reading) error {
		if r.Standing != "quarantined" {
			return fmt.Errorf("the phone is %q", r.Standing)
		}
		return nil
	})
	done := s.Act(t, "ban", "the number was given to somebody else", "", phone, old.accountID())
	require.True(t, done.Effective)
	stands(t, s, followed, fresh.accountID(), 6000, 2, 2)
	stands(t, s, followed, old.accountID(), 1000, 1, 1)
	require.Empty(t, s.Lookup(t, stack.Service, phone, "contract").Standing)
}

// TestAQuarantinedAddressJoinsNobodyUntilItIsReleased: what is typed at every till says nothing of anybody.
func TestAQuarantinedAddressJoinsNobodyUntilItIsReleased(t *testing.T) {
	s := stack.Shared(t)
	p := somebody()
	at := time.Now().Add(-time.Hour)
	s.Send(t, stack.TillParis, sale(at, 1000, p.cardID(), p.emailID()))
	known(t, s, p.emailID(), bought(1000, 0, 1))
	done := s.Act(t, "quarantine", "typed at every till", "", p.emailID())
	stack.Eventually(t, followed, "the address identifies nobody", func() error {
		if r := s.Lookup(t, stack.Service, p.emailID(), "contract"); r.Standing != "quarantined" {
			return fmt.Errorf("it is %q: %s", r.Standing, r.Body)
		}
		return nil
	})
	s.Act(t, "release", "no, it is hers", done.Act.ID, p.emailID())
	stands(t, s, followed, p.emailID(), 1000, 1, 1)
}
