package scenarios

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/stack"
)

// asked is one request of somebody who works with a service, and what its answer must say while Redis is away.
type asked struct {
	name, service, method, path, key, body, cookie string
	says                                           string // in the answer with 503
}

// do asks once, as a browser that prefers English.
func (a asked) do(t *testing.T, s *stack.Stack) (status int, body string, header http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), a.method, s.URL(a.service)+a.path, strings.NewReader(a.body))
	require.NoError(t, err)
	r.Header.Set("Accept-Language", "en")
	if a.key != "" {
		r.Header.Set("Authorization", "Bearer "+s.ReaderKey(a.key))
	}
	if a.cookie != "" {
		r.Header.Set("Cookie", a.cookie)
	}
	client := &http.Client{Timeout: 20 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	if a.method == http.MethodPost && a.key == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	got, err := client.Do(r)
	require.NoError(t, err, a.name)
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	require.NoError(t, err, a.name)
	return got.StatusCode, string(text), got.Header
}

// desks are requests of those who work with a steward's pages, with the preference centre, or ask before a contact.
type desks []asked

// desksOf opens everything that can be opened about somebody who is known, and sees that it is.
func desksOf(t *testing.T, s *stack.Stack, p person) desks {
	t.Helper()
	s.Send(t, stack.TillParis, sale(time.Now().Add(-time.Hour), 1000, p.cardID(), stack.Proved("email", p.email)))
	r := known(t, s, p.emailID(), bought(1000, 0, 1))
	point := map[string]any{"namespace": "email", "value": p.email}
	var link, session struct{ Path string }
	consent(t, s, "/v1/preference-links", map[string]any{"point": point}, &link)
	consent(t, s, "/v1/preference-sessions", map[string]any{"rcu_id": r.RCUID, "points": []any{point}}, &session)
	login := asked{service: "steward", method: http.MethodPost, path: "/steward/login", body: url.Values{"key": {s.ReaderKey(stack.Steward)}}.Encode()}
	status, body, header := login.do(t, s)
	require.Equal(t, http.StatusSeeOther, status, body)
	cookie, _, _ := strings.Cut(header.Get("Set-Cookie"), ";")
	raw, err := json.Marshal(map[string]any{"id": "away-1", "point": point, "channel": "email", "purpose": "marketing"})
	require.NoError(t, err)
	all := desks{
		{name: "reservation", service: "contacts", method: http.MethodPost, path: "/v1/contacts/reserve", key: stack.RetailService, body: string(raw), says: `{"allowed":false,"reason":"unavailable",`},
		{name: "queue", service: "steward", method: http.MethodGet, path: "/steward/queue", cookie: cookie, says: "<h1"},
		{name: "person", service: "steward", method: http.MethodGet, path: "/steward/identifiers/" + r.RCUID, cookie: cookie, says: "<h1"},
		{name: "choices", service: "consent-api", method: http.MethodGet, path: link.Path, says: "One moment"},
		{name: "record", service: "consent-api", method: http.MethodGet, path: session.Path + "/record", says: "One moment"},
	}
	for _, a := range all {
		status, body, _ := a.do(t, s)
		require.Equal(t, http.StatusOK, status, "%s: %s", a.name, body)
	}
	return all
}

// sayTryAgain: while Redis is away each of them says so, and tells nothing.
func (d desks) sayTryAgain(t *testing.T, s *stack.Stack, p person) {
	t.Helper()
	for _, a := range d {
		status, body, _ := a.do(t, s)
		require.Equal(t, http.StatusServiceUnavailable, status, "%s: %s", a.name, body)
		require.Contains(t, body, a.says, a.name)
		require.NotContains(t, body, p.email)
		require.NotContains(t, body, "goroutine")
	}
}

// goOn: each of them works again.
func (d desks) goOn(t *testing.T, s *stack.Stack) {
	t.Helper()
	for _, a := range d {
		stack.Eventually(t, soon, a.name+" goes on", func() error {
			if status, body, _ := a.do(t, s); status != http.StatusOK {
				return fmt.Errorf("%d: %s", status, body[:min(len(body), 200)])
			}
			return nil
		})
	}
}
