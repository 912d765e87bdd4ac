package scenarios

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/stack"
	"rcu/services/steward"
)

// probable lists the suggestions of people who are probably one that have all these names among theirs.
func probable(t *testing.T, s *stack.Stack, names ...string) (out []steward.ReviewItem) {
	t.Helper()
	var page steward.Review
	status, text := s.AskSteward(t, stack.Steward, http.MethodGet, "/v1/review?kind=probable&limit=200", nil, &page)
	require.Equal(t, http.StatusOK, status, text)
	for _, item := range page.Items {
		found := 0
		for _, p := range item.People {
			for _, name := range names {
				if p.RCUID == name {
					found++
				}
			}
		}
		if found == len(names) {
			out = append(out, item)
		}
	}
	return out
}

// suggested waits for the one suggestion of two people.
func suggested(t *testing.T, s *stack.Stack, names ...string) steward.ReviewItem {
	t.Helper()
	var list []steward.ReviewItem
	stack.Eventually(t, soon, "the two are suggested", func() error {
		if list = probable(t, s, names...); len(list) != 1 {
			return fmt.Errorf("%d suggestions", len(list))
		}
		return nil
	})
	return list[0]
}

// matched is how many records the matcher has put into its index since the stack started.
func matched(t *testing.T, s *stack.Stack) (n int) {
	t.Helper()
	for line := range strings.Lines(s.Metrics(t)) {
		if rest, found := strings.CutPrefix(line, `rcu_matcher_records_total{outcome="indexed"} `); found {
			_, err := fmt.Sscan(rest, &n)
			require.NoError(t, err)
		}
	}
	return n
}

// rang is a call of a person who says a name.
func rang(at time.Time, p person, given, family, town string) stack.Event {
	e := with(happened("call.ended", at, stack.ID("phone", p.phone), stack.ID("call", "call-"+p.order+"T"+at.Format("150405"))), stack.Data{"duration_seconds": 60, "outcome": "answered"})
	e.Traits = map[string]string{"given_name": given, "family_name": family, "birth_date": "1980-03-12", "postal_code": "75011", "city": town}
	return e
}

// TestProbablyOnePerson: a till and the call centre know a woman by name, town and birth date, with typing errors, and by nothing in
// common. A steward is asked, and what is decided holds.
func TestProbablyOnePerson(t *testing.T) {
	s := stack.Shared(t)
	for op, names := range map[string][4]string{"together": {"Hélène", "Lefèvre", "Helene", "Lefebvre"}, "ban": {"Marguerite", "Delacourt", "Margerite", "Delacour"}} {
		store, caller, at := somebody(), somebody(), time.Now().Add(-24*time.Hour)
		inStore := sale(at, 2000, store.cardID())
		inStore.Traits = map[string]string{"given_name": names[0], "family_name": names[1], "birth_date": "1980-03-12", "postal_code": "75011", "city": "Paris"}
		s.Send(t, stack.TillParis, inStore)
		one := known(t, s, store.cardID(), bought(2000, 0, 1)).RCUID
		began := time.Now()
		s.Send(t, stack.Desk, rang(at.Add(time.Hour), caller, names[2], names[3], "PARIS"))
		phone := stack.ID("phone", caller.phone)
		other := known(t, s, phone, func(stack.Reading) error { return nil }).RCUID
		require.NotEqual(t, one, other)
		item := suggested(t, s, one, other)
		t.Logf("%s: suggested %s after the call was sent", op, time.Since(began).Round(time.Millisecond))
		require.Equal(t, "probable", item.Kind)
		require.Contains(t, fmt.Sprint(item.Detail), "birth")
		require.NotContains(t, fmt.Sprint(item), names[1], "no value stands in a suggestion")
		require.Equal(t, []string{"together", "ban"}, []string{item.Acts[0].Op, item.Acts[1].Op})

		done := s.Act(t, op, "they rang and told their card", "", store.cardID(), phone)
		require.True(t, done.Effective)
		require.Empty(t, probable(t, s, one, other), "what was decided is asked no more")
		now, then := s.Lookup(t, stack.Service, store.cardID(), "contract").RCUID, s.Lookup(t, stack.Service, phone, "contract").RCUID
		require.Equal(t, op == "together", now == then)

		before := matched(t, s)
		s.Send(t, stack.Desk, rang(at.Add(2*time.Hour), caller, names[0], names[1], "Paris"))
		stack.Eventually(t, soon, "the matcher has taken the record", func() error {
			if matched(t, s) == before {
				return errors.New("not yet")
			}
			return nil
		})
		require.Empty(t, probable(t, s, one, other), "nor when a record changes")
	}
}
