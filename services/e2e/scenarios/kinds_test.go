package scenarios

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/stateredis"
	"rcu/services/e2e/resp"
	"rcu/services/e2e/stack"
)

// TestEveryKeyIsOfAKnownKind: whatever the services have written into Redis is of a kind that says how it comes back after a loss.
func TestEveryKeyIsOfAKnownKind(t *testing.T) {
	s := stack.Shared(t)
	who := somebody()
	now := time.Now()
	s.Send(t, stack.Shop, decided(now.Add(-time.Hour), stack.Grant(who.cookieID(), "unify_behaviour"), stack.Grant(who.emailID(), "unify_core")))
	s.Send(t, stack.Shop, order(now.Add(-30*time.Minute), 3000, who.accountID(), stack.Proved("email", who.email), who.cookieID()))
	known(t, s, who.emailID(), bought(3000, 0, 1))
	choices(t, s, who.email)
	c, err := resp.Dial(t.Context(), s.Redis[0])
	require.NoError(t, err)
	t.Cleanup(c.Close)
	unknown, seen := 0, map[string]int{}
	require.NoError(t, c.Scan("*", func(key string) {
		kind := stateredis.KindOf(key)
		if seen[kind]++; kind == "" {
			unknown++
		}
	}))
	t.Log(seen)
	require.Zero(t, unknown, "keys of no kind")
	for _, kind := range []string{"leaf", "consent register", "wishes", "contacts", "subject key", "component", "pointer", "leaf index", "marker"} {
		require.NotZero(t, seen[kind], kind)
	}
}

// choices leaves a grant, a wish and a counted contact of an address.
func choices(t *testing.T, s *stack.Stack, address string) {
	t.Helper()
	point := map[string]any{"namespace": "email", "value": address}
	grant := stack.Grant(stack.Proved("email", address), "marketing")
	grant.Channel, grant.Act, grant.Notice = "email", "banner", &stack.Notice{ID: "marketing", Version: "1", Language: "fr"}
	s.Send(t, stack.OwnShop, decided(time.Now().Add(-time.Hour), grant))
	var link struct{ Path string }
	consent(t, s, "/v1/preference-links", map[string]any{"point": point}, &link)
	send := func(url, kind, body string) string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Authorization", "Bearer "+s.ReaderKey(stack.RetailService))
		status, answer, err := s.Do(r)
		require.NoError(t, err)
		require.Less(t, status, http.StatusBadRequest, answer)
		return answer
	}
	send(s.URL("consent-api")+link.Path, "application/x-www-form-urlencoded", "do=topic&topic=baby&decision=deny")
	for _, step := range []string{"reserve", "confirm"} {
		stack.Eventually(t, soon, step, func() error {
			answer := send(s.URL("contacts")+"/v1/contacts/"+step, "application/json", fmt.Sprintf(
				`{"id":"kinds","point":{"namespace":"email","value":%q},"channel":"email","purpose":"marketing","topic":"shoes"}`, address))
			if !strings.Contains(answer, `"allowed":true`) {
				return fmt.Errorf("refused: %s", answer)
			}
			return nil
		})
	}
}
