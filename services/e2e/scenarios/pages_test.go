package scenarios

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/browser"
	"rcu/services/e2e/stack"
)

// consent asks the consent API and reads its answer.
func consent(t *testing.T, s *stack.Stack, path string, body map[string]any, into any) {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL("consent-api")+path, bytes.NewReader(raw))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+s.ReaderKey(stack.RetailService))
	r.Header.Set("Content-Type", "application/json")
	status, answer, err := s.Do(r)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, answer)
	require.NoError(t, json.Unmarshal([]byte(answer), into))
}

// TestThePagesOfConsentHaveNoBarriers: the register of purposes, a link to unsubscribe before and after, and one that is of no use.
func TestThePagesOfConsentHaveNoBarriers(t *testing.T) {
	t.Parallel()
	s := stack.Shared(t)
	point := map[string]any{"namespace": "email", "value": somebody().email}
	for name, w := range map[string]struct {
		size     browser.Viewport
		language string
		register string
		button   string
		done     string
	}{
		"desktop-fr": {browser.Desktop, "fr", "À quoi servent vos données", "Me désinscrire", "C'est fait"},
		"phone-en":   {browser.Phone, "en", "What your data is used for", "Unsubscribe", "Done"},
	} {
		t.Run(name, func(t *testing.T) {
			var link struct{ Path string }
			consent(t, s, "/v1/unsubscribe-links", map[string]any{"point": point, "purpose": "marketing", "channel": "email"}, &link)
			p := browser.Open(t, w.size, w.language)
			look := func(picture, heading string) {
				t.Helper()
				require.Equal(t, heading, p.See("h1"))
				p.NoBarriers()
				p.Screenshot(picture + "-" + name)
			}
			p.Go(s.URL("consent-api") + "/v1/register")
			look("register", w.register)
			require.GreaterOrEqual(t, p.Count("tbody tr"), 20)
			p.Go(s.URL("consent-api") + link.Path)
			require.Equal(t, w.button, p.See("main button"))
			p.NoBarriers()
			p.Screenshot("unsubscribe-" + name)
			p.TabTo("main button", 10)
			p.PressAndFollow(browser.Enter)
			look("unsubscribed", w.done)
			p.Go(s.URL("consent-api") + link.Path + "x")
			p.See("h1")
			p.NoBarriers()
			require.Zero(t, p.Count("main button"), "nothing can be done with it")
		})
	}
}
