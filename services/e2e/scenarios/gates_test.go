package scenarios

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/stack"
)

// gateStories is what `rcu explain --event` prints with --json.
type gateStories []struct {
	Source string
	Stored bool
	Steps  []struct {
		Gate, Did, Purpose, Words string
		Details                   []string
	}
}

func (e gateStories) did() string {
	var out []string
	for _, story := range e {
		for _, step := range story.Steps {
			out = append(out, step.Gate+" "+step.Did)
		}
	}
	return strings.Join(out, ", ")
}

// What the gates did with one event is told of stored, dropped and rejected ones, from HTTP to ClickHouse; nothing of a dropped one is kept.
func TestExplainEvent_tellsWhatEachGateDid(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	p := somebody()
	browsing, now := p.cookieID(), time.Now()
	explain := func(id, lang string) (e gateStories) {
		out, err := s.Command(t, "--json", "explain", "--event", id, "--source", stack.Shop, "--lang", lang)
		require.NoError(t, err, out)
		require.NoError(t, json.Unmarshal([]byte(out), &e), out)
		require.NotContains(t, out, p.email)
		return e
	}
	early := viewed(now.Add(-time.Hour), p, browsing)
	require.Equal(t, 1, s.Post(t, stack.Shop, early).Dropped)
	s.Send(t, stack.Shop, decided(now.Add(-50*time.Minute), stack.Grant(browsing, "unify_behaviour")))
	login := happened("account.logged_in", now.Add(-40*time.Minute), p.accountID(), stack.Proved("email", p.email), browsing)
	page := viewed(now.Add(-30*time.Minute), p, p.accountID(), browsing)
	s.Send(t, stack.Shop, login, page)

	var e gateStories
	stack.Eventually(t, soon, "the page is in ClickHouse", func() error {
		if e = explain(page.ID, "en"); !e[0].Stored {
			return errors.New(e.did())
		}
		return nil
	})
	require.Equal(t, "G1 collected, G2 linked, G3 row, G4 shown_under_purpose", e.did())
	require.Contains(t, e[0].Steps[0].Details[0], "kept, granted at "+now.Add(-50*time.Minute).UTC().Format(time.RFC3339))
	require.Contains(t, e[0].Steps[1].Details[0], "stood together")
	dropped := explain(early.ID, "en")
	require.Equal(t, "G1 not_stored", dropped.did())
	require.Contains(t, dropped[0].Steps[0].Words, "nothing is kept")
	require.Contains(t, explain(early.ID, "fr")[0].Steps[0].Words, "non conservé")

	bad := fmt.Sprintf(`{"id":%q,"type":"order.placed","occurred_at":"yesterday"}`, "bad-"+p.order)
	s.PostBody(t, stack.Shop, []byte(bad))
	stack.Eventually(t, soon, "the dead letter is on Kafka", func() error {
		if did := explain("bad-"+p.order, "en").did(); did != " rejected" {
			return errors.New(did)
		}
		return nil
	})
	out, err := s.Command(t, "explain", "--event", page.ID)
	require.NoError(t, err)
	require.Contains(t, out, "G1 collect")
}
