package steward

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/contract"
)

// checked sends a request and checks the answer, good or bad, against the published contract.
func checked(r *rig, published *contract.Contract, key, method, path, body string) answer {
	r.t.Helper()
	q := httptest.NewRequestWithContext(r.t.Context(), method, "http://127.0.0.1:8087"+path, strings.NewReader(body))
	q.Header.Set("Authorization", "Bearer "+key)
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	w := httptest.NewRecorder()
	r.s.router.ServeHTTP(w, q)
	_ = published.Hold(r.t, method, path, body, w) // bad requests are sent, too
	return answer{r.t, w}
}

// checkedIn reads a page in a language and checks the answer against the published contract.
func checkedIn(r *rig, published *contract.Contract, key, path, language string) answer {
	r.t.Helper()
	q := httptest.NewRequestWithContext(r.t.Context(), "GET", "http://127.0.0.1:8087"+path, nil)
	q.Header.Set("Authorization", "Bearer "+key)
	q.Header.Set("Accept-Language", language)
	w := httptest.NewRecorder()
	r.s.router.ServeHTTP(w, q)
	require.NoError(r.t, published.Hold(r.t, "GET", path, "", w))
	return answer{r.t, w}
}

func TestOpenAPI_answersAreAsDescribed(t *testing.T) {
	r := joined(t)
	r.seen("shop", r.key("customer", "E-1"), r.key("card", cardOne))
	r.seen("shop", r.key("customer", "E-1"), r.key("card", cardTwo))
	r.seen("shop", r.key("customer", "E-2"), r.key("phone", "+33612345678"))
	r.seen("shop", r.key("customer", "E-3"), r.key("phone", "+33612345678"))
	published := contract.Load(t, "steward")
	ends := `"a":{"namespace":"email","value":"` + mail + `"},"b":{"namespace":"card","value":"` + cardOne + `"}`
	for _, c := range []struct {
		key, method, path, body string
		status                  int
	}{
		{"anne", "POST", "/v1/acts/preview", `{"op":"ban",` + ends + `}`, 200},
		{"anne", "POST", "/v1/acts", `{"id":"1","op":"ban",` + ends + `,"reason":"x"}`, 200},
		{"anne", "POST", "/v1/acts", `{"id":"1","op":"ban",` + ends + `,"reason":"x"}`, 200},
		{"anne", "POST", "/v1/acts", `{"id":"1","op":"clear",` + ends + `,"reason":"x"}`, 409},
		{"paul", "POST", "/v1/acts", `{"op":"ban",` + ends + `,"reason":"x"}`, 409},
		{"paul", "POST", "/v1/acts", `{"op":"ban",` + ends + `,"reason":"x","seen":"1"}`, 409},
		{"paul", "POST", "/v1/acts", `{"op":"clear",` + ends + `,"reason":"x","seen":"1","effect":"x"}`, 409},
		{"paul", "POST", "/v1/acts/preview", `{"undoes":"1"}`, 200},
		{"paul", "POST", "/v1/acts/1/undo", `{"id":"2","reason":"x"}`, 200},
		{"paul", "POST", "/v1/acts/3/undo", `{"reason":"x"}`, 404},
		{"paul", "POST", "/v1/acts/1/undo", `{"reason":"x"}`, 409},
		{"paul", "POST", "/v1/acts/preview", `{"op":"quarantine","a":{"namespace":"email","value":"` + mail + `"}}`, 200},
		{"paul", "POST", "/v1/acts", `{"op":"quarantine","a":{"namespace":"email","value":"` + mail + `"},"reason":"x"}`, 200},
		{"paul", "GET", "/v1/acts?limit=1", "", 200},
		{"paul", "GET", "/v1/acts?after=zz", "", 404},
		{"paul", "GET", "/v1/acts?x=1", "", 400},
		{"paul", "GET", "/v1/review?limit=2", "", 200},
		{"anne", "GET", "/v1/review?kind=refused", "", 200},
		{"anne", "GET", "/v1/review?kind=x", "", 400},
		{"seller", "GET", "/v1/acts", "", 403},
		{"nobody", "GET", "/v1/acts", "", 401},
		{"anne", "POST", "/v1/acts", `{`, 400},
		{"anne", "POST", "/v1/acts", `{"reason":"` + strings.Repeat("x", maxBody) + `"}`, 413},
	} {
		got := checked(r, published, c.key, c.method, c.path, c.body)
		require.Equal(t, c.status, got.Code, "%s %s: %s", c.path, c.body, got.Body.String())
	}
	r.kafka.set(func(k *kafka) { k.resolve = nil })
	require.Equal(t, 202, checked(r, published, "anne", "POST", "/v1/acts", `{"op":"together",`+ends+`,"reason":"x","seen":"2"}`).Code)
	r.kafka.set(func(k *kafka) { k.fail = errAway })
	require.Equal(t, 503, checked(r, published, "anne", "POST", "/v1/acts", strings.ReplaceAll(`{"op":"together",`+ends+`,"reason":"x"}`, cardOne, cardTwo)).Code)
	published.AllAsked(t)
}
