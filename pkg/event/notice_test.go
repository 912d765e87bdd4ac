package event_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/event"
)

// A grant counts under a notice that speaks of its purpose alone. Under another one of the register it is not given: the event is taken, and its source
// is told which decision, why and what to do.
func TestDecisions_underANoticeOfAnotherPurpose(t *testing.T) {
	t.Parallel()
	said := func(more string) []byte {
		return fmt.Appendf(nil, `{"id":"s1","type":"sale","occurred_at":"2026-03-14T09:00:00Z","identifiers":[{"namespace":"email","value":"a@example.org","proved":true}],
			"consent":[{"point":{"namespace":"email","value":"a@example.org"},"purpose":"profiling","decision":"refuse"},
			{"point":{"namespace":"email","value":"a@example.org"},"purpose":"marketing","channel":"email","act":"store_tablet_signed",%s}],
			"data":{"total":{"amount":100,"currency":"EUR"}}}`, more)
	}
	const grant = `"decision":"grant","expires_at":"2026-09-14T09:00:00Z","notice":`
	for name, x := range map[string]struct {
		more    string
		want    string
		ungiven bool
	}{
		"of the purpose":              {grant + `{"id":"marketing","version":"1","language":"fr"}`, "grant", false},
		"of another purpose":          {grant + `{"id":"web-privacy","version":"3","language":"fr"}`, "pending", true},
		"in a version that is unread": {grant + `{"id":"marketing","version":"99","language":"fr"}`, "pending", true},
		"a text of the site's own":    {grant + `{"id":"till-privacy","version":"3","language":"fr"}`, "grant", false},
		"carried over":                {`"method":"carried",` + grant + `{"id":"web-privacy","version":"3","language":"fr"}`, "grant", false},
		"a refusal":                   {`"decision":"refuse","notice":{"id":"web-privacy","version":"3","language":"fr"}`, "refuse", false},
		"an objection":                {`"decision":"object","notice":{"id":"web-privacy","version":"3","language":"fr"}`, "object", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			draft, rejection := decoder(t).Decode(said(x.more), origin(t, "store"), received)
			require.Nil(t, rejection, "%+v", rejection)
			sale, _, decisions := draft.Stamp(pseudonyms{}, noStamps)
			require.Equal(t, "sale", sale.GetType(), "the sale is taken")
			require.Len(t, decisions, 2)
			require.Equal(t, []string{"refuse", x.want}, []string{decisions[0].GetDecision(), decisions[1].GetDecision()})
			if !x.ungiven {
				require.Empty(t, draft.Ungiven())
				return
			}
			require.Zero(t, decisions[1].GetExpiresAt())
			require.Len(t, draft.Ungiven(), 1)
			u := draft.Ungiven()[0]
			require.Equal(t, []any{"/consent/1/notice", event.ReasonNoticeSilent}, []any{u.Field, u.Reason})
			require.NotEmpty(t, u.Fix)
		})
	}
}
