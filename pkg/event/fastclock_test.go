package event_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A source whose clock runs fast puts off no denial until its time comes, and no grant of it comes into force behind what was denied meanwhile.
func TestDecisions_ofAFastClockAreOfWhenTheyWereReceived(t *testing.T) {
	t.Parallel()
	for decided, want := range map[time.Time]time.Time{
		received.Add(time.Hour):  received,
		received.Add(-time.Hour): received.Add(-time.Hour),
	} {
		for _, said := range []string{
			`"decision":"object","act":"web_form"`,
			`"decision":"grant","act":"web_form","notice":{"id":"unify_behaviour","version":"1","language":"fr"},"expires_at":"2026-09-14T09:00:00Z"`,
		} {
			for name, times := range map[string]string{"of its own": `"decided_at":%q,`, "of its event": ""} {
				body := `{"id":"e1","type":"consent.decided","occurred_at":%q,"consent":[{"point":{"namespace":"cookie","value":"c-1"},` + times + `"purpose":"unify_behaviour",` + said + `}]}`
				args := []any{decided.Format(time.RFC3339)}
				if times != "" {
					args = append(args, decided.Format(time.RFC3339))
				}
				draft, rejection := decoder(t).Decode(fmt.Appendf(nil, body, args...), origin(t, "web"), received)
				require.Nil(t, rejection, "%+v", rejection)
				_, _, decisions := draft.Stamp(pseudonyms{}, noStamps)
				require.Len(t, decisions, 1, "%s", name)
				require.Equal(t, want.Unix(), decisions[0].GetDecidedAt(), "%s %s", said, name)
				require.Equal(t, decided.Unix(), draft.OccurredAt().Unix(), "the event stays of its own time")
			}
		}
	}
}
