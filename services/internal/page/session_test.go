package page_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/page"
)

func TestSessions(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	secret := []byte(strings.Repeat("s", 32))
	s, err := page.NewSessions("steward", secret, time.Hour, func() time.Time { return now })
	require.NoError(t, err)

	w := httptest.NewRecorder()
	s.Start(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil), "anne")
	cookie := w.Result().Cookies()[0]
	require.True(t, cookie.HttpOnly)
	require.False(t, cookie.Secure, "plain HTTP on the loopback interface")
	require.Equal(t, http.SameSiteStrictMode, cookie.SameSite)

	asked := func(s *page.Sessions, value string) (string, error) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.AddCookie(&http.Cookie{Name: "steward", Value: value})
		return s.Principal(r)
	}
	name, err := asked(s, cookie.Value)
	require.NoError(t, err)
	require.Equal(t, "anne", name)

	for i := range cookie.Value {
		changed := []byte(cookie.Value)
		changed[i] ^= 1
		_, err := asked(s, string(changed))
		require.ErrorIs(t, err, page.ErrNoSession, "byte %d", i)
		_, err = asked(s, cookie.Value[:i])
		require.ErrorIs(t, err, page.ErrNoSession, "cut at %d", i)
	}
	other, err := page.NewSessions("customer", secret, time.Hour, func() time.Time { return now })
	require.NoError(t, err)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.AddCookie(&http.Cookie{Name: "customer", Value: cookie.Value})
	_, err = other.Principal(r)
	require.ErrorIs(t, err, page.ErrNoSession, "a session of another page")

	now = now.Add(time.Hour)
	_, err = asked(s, cookie.Value)
	require.ErrorIs(t, err, page.ErrNoSession, "it has ended")

	_, err = page.NewSessions("steward", secret[:31], time.Hour, time.Now)
	require.Error(t, err)
}
