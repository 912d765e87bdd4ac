package scenarios

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/e2e/stack"
)

// namesake is somebody whom a till and the call centre know by a name and nothing in common, with typing errors.
type namesake struct {
	card, phone           stack.Identifier
	caller                person
	at                    time.Time
	inStore, onThePhone   [2]string // given and family name
	store, call, together string    // ids of the records apart, as far as they were seen apart, and of the one
}

// writtenTwice sends the sale and the call of women, each with her names, and waits until all are readable.
func writtenTwice(t *testing.T, s *stack.Stack, names ...[2][2]string) (out []*namesake) {
	t.Helper()
	for _, x := range names {
		out = append(out, sendTwice(t, s, x[0], x[1]))
	}
	for _, n := range out {
		n.call = known(t, s, n.phone, func(stack.Reading) error { return nil }).RCUID
	}
	return out
}

// sendTwice sends the sale, waits for it, and sends the call.
func sendTwice(t *testing.T, s *stack.Stack, inStore, onThePhone [2]string) *namesake {
	t.Helper()
	store, caller := somebody(), somebody()
	n := &namesake{
		card: store.cardID(), phone: stack.ID("phone", caller.phone), caller: caller, at: time.Now().Add(-24 * time.Hour), inStore: inStore, onThePhone: onThePhone,
	}
	e := sale(n.at, 2000, n.card)
	e.Traits = map[string]string{"given_name": inStore[0], "family_name": inStore[1], "birth_date": "1980-03-12", "postal_code": "75011", "city": "Paris"}
	s.Send(t, stack.TillParis, e)
	n.store = known(t, s, n.card, bought(2000, 0, 1)).RCUID
	s.Send(t, stack.Desk, rang(n.at.Add(time.Hour), caller, onThePhone[0], onThePhone[1], "PARIS"))
	return n
}

// one waits until the two records are one person's, in Redis and ClickHouse.
func (n *namesake) one(t *testing.T, s *stack.Stack) {
	t.Helper()
	stack.Eventually(t, soon, "the two are one person", func() error {
		n.together = s.Lookup(t, stack.Service, n.card, "contract").RCUID
		if other := s.Lookup(t, stack.Service, n.phone, "contract").RCUID; other != n.together || other == "" {
			return fmt.Errorf("the two are %q and %q", n.together, other)
		}
		return nil
	})
	inClickHouse(t, s, rowsOf, n.together, is(map[string]int64{"events": 2}))
}

// apart waits until they are two people, in Redis and ClickHouse.
func (n *namesake) apart(t *testing.T, s *stack.Stack, calls int64) {
	t.Helper()
	stack.Eventually(t, soon, "the two are two people", func() error {
		n.store, n.call = s.Lookup(t, stack.Service, n.card, "contract").RCUID, s.Lookup(t, stack.Service, n.phone, "contract").RCUID
		if n.store == n.call {
			return fmt.Errorf("both are %q", n.store)
		}
		return nil
	})
	inClickHouse(t, s, rowsOf, n.store, is(map[string]int64{"events": 1}))
	inClickHouse(t, s, rowsOf, n.call, is(map[string]int64{"events": calls}))
}

// linksBy is the cause that rcu.identity names for the two having become one; empty where it does not.
func (n *namesake) linksBy(t *testing.T, s *stack.Stack) (kind string) {
	t.Helper()
	s.ReadTopic(t, stream.TopicIdentity, func(r stream.Record) {
		var m eventpb.Transition
		require.NoError(t, r.Decode(&m))
		if m.GetKind() == "merged" && m.GetRcuId() == n.together {
			kind = m.GetCauseKind()
		}
	})
	return kind
}

// linkingFrom writes the rules in force with another threshold, and the next version.
func linkingFrom(t *testing.T, s *stack.Stack, threshold float64) (file string) {
	t.Helper()
	out, err := s.Command(t, "--json", "rules", "show")
	require.NoError(t, err)
	var shown []struct {
		Rules map[string]any `json:"rules"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &shown))
	rules := shown[0].Rules
	version, _ := rules["version"].(float64)
	rules["version"], rules["auto_link"] = version+1, threshold
	raw, err := json.Marshal(rules)
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "rules.json")
	require.NoError(t, os.WriteFile(file, raw, 0o600))
	return file
}

// wouldLink is how many people fewer `rcu rules try` says that rules would leave.
func wouldLink(t *testing.T, s *stack.Stack, file string) int {
	t.Helper()
	out, err := s.Command(t, "--json", "rules", "try", file)
	require.NoError(t, err)
	var tried []struct {
		Effect struct {
			Before int `json:"people_before"`
			After  int `json:"people_after"`
		} `json:"effect"`
	}
	require.NoError(t, json.Unmarshal([]byte(out), &tried))
	return tried[0].Effect.Before - tried[0].Effect.After
}

// TestProbablyOnePersonLinkedByARule: what is probable links nobody until the operator says from where. Then it does, through the whole
// stack; a ban, a correction and a restriction take it apart, and switching the rule off asks the steward again.
func TestProbablyOnePersonLinkedByARule(t *testing.T) {
	t.Parallel()
	s := stack.Start(t)
	first := writtenTwice(t, s, [2][2]string{{"Hélène", "Lefèvre"}, {"Helene", "Lefebvre"}})[0]
	suggested(t, s, first.store, first.call)
	file := linkingFrom(t, s, .99)
	stack.Eventually(t, soon, "to try the rule tells whom it would link", func() error {
		if n := wouldLink(t, s, file); n != 1 {
			return fmt.Errorf("%d people", n)
		}
		return nil
	})
	first.apart(t, s, 1)
	_, err := s.Command(t, "rules", "apply", file)
	require.NoError(t, err)
	first.one(t, s)
	gone(t, s, first.together, first.store, first.call)
	require.Equal(t, "rules", first.linksBy(t, s))
	require.Empty(t, probable(t, s), "nothing is left to decide")

	others := writtenTwice(t, s, [2][2]string{{"Marguerite", "Delacourt"}, {"Margerite", "Delacour"}},
		[2][2]string{{"Bérengère", "Vasseur"}, {"Berengere", "Vaseur"}}, [2][2]string{{"Apolline", "Quesnel"}, {"Apoline", "Quesnel"}},
		[2][2]string{{"Sidonie", "Marchetti"}, {"Sidonie", "Marcheti"}})
	banned, corrected, restricted, erased := others[0], others[1], others[2], others[3]
	for _, n := range others {
		n.one(t, s)
		require.Equal(t, "match", n.linksBy(t, s))
	}
	explainsProbable(t, s, corrected)
	erased.erase(t, s)

	s.Act(t, "ban", "a mother and her daughter", "", banned.card, banned.phone)
	banned.apart(t, s, 1)
	before := matched(t, s)
	s.Send(t, stack.Desk, rang(banned.at.Add(2*time.Hour), banned.caller, banned.inStore[0], banned.inStore[1], "Paris"))
	s.Send(t, stack.Desk, rang(corrected.at.Add(2*time.Hour), corrected.caller, "Lucie", "Moreau", "Lille"))
	var done map[string]any
	consent(t, s, "/v1/overlays", map[string]any{"id": "restrict-1", "point": map[string]string{"namespace": "card", "value": restricted.card.Value}, "overlay": "restricted"}, &done)
	corrected.apart(t, s, 2)
	stack.Eventually(t, soon, "the restricted record is taken back", func() error { return restricted.parted(t, s) })
	stack.Eventually(t, soon, "the matcher has taken both records", func() error {
		if n := matched(t, s) - before; n < 2 {
			return fmt.Errorf("%d records", n)
		}
		return nil
	})
	banned.apart(t, s, 2)

	_, err = s.Command(t, "rules", "apply", linkingFrom(t, s, 0))
	require.NoError(t, err)
	first.apart(t, s, 1)
	suggested(t, s, first.store, first.call)
	require.Len(t, probable(t, s), 1, "nobody else is asked about")
}

// parted says that the graph holds the two apart; the record itself is closed to readers.
func (n *namesake) parted(t *testing.T, s *stack.Stack) error {
	t.Helper()
	kinds := map[string]string{}
	s.ReadTopic(t, stream.TopicIdentity, func(r stream.Record) {
		var m eventpb.Transition
		require.NoError(t, r.Decode(&m))
		if len(m.GetBefore()) > 0 && m.GetBefore()[0] == n.together {
			kinds[m.GetKind()] = m.GetCauseKind()
		}
	})
	if kinds["split"] != "match" {
		return fmt.Errorf("told of it was %v", kinds)
	}
	return nil
}

// explainsProbable checks that the explanation of a record says how probable its link is, and by which rule.
func explainsProbable(t *testing.T, s *stack.Stack, n *namesake) {
	t.Helper()
	for _, l := range s.Explain(t, stack.Steward, n.together).Links {
		if l.Probable != nil && l.Probable.Links {
			require.InDelta(t, .99, l.Probable.Threshold, 1e-9)
			require.GreaterOrEqual(t, l.Probable.Probability, .99)
			require.Contains(t, l.Words, "99 %")
			require.NotEmpty(t, l.Probable.Weighs, "and what each comparison says")
			told := fmt.Sprint(l.Probable.Weighs)
			require.Contains(t, told, "Birth date")
			require.NotContains(t, told, n.inStore[1])
			return
		}
	}
	require.Fail(t, "the link is not explained")
}
