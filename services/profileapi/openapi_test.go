package profileapi_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/auth"
	"rcu/pkg/identifier"
	"rcu/services/internal/contract"
)

// TestOpenAPI_answersAreAsDescribed checks real answers, good and bad, against the published contract.
func TestOpenAPI_answersAreAsDescribed(t *testing.T) {
	w := newWorld(t)
	everything(w)
	const shared = "0611111112"
	for i := range 12 {
		w.send(till, "sale", at(10, i), fields{"identifiers": ids("card", "88000"+string(rune('a'+i)), "phone", shared), "data": total(100)})
	}
	a := newAPI(t, w, nil)
	published := contract.Load(t, "profile-api")
	check := func(method, path, body, key string, good bool) int {
		t.Helper()
		q := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		q.Header.Set("Authorization", "Bearer "+key)
		if body != "" {
			q.Header.Set("Content-Type", "application/json")
		}
		got := a.do(q, key)
		wrong := published.Hold(t, method, path, body, got.ResponseRecorder)
		require.Equal(t, good, wrong == nil, "%s %s: %v", method, path, wrong)
		return got.Code
	}
	id := w.name(identifier.Card, card)
	for _, role := range auth.Roles() {
		for _, path := range []string{"", "/timeline", "/identifiers", "/explain"} {
			for _, purpose := range []string{"contract", "store_view_web", "marketing", "share_partner:acme"} {
				check("GET", "/v1/profiles/"+id+path+"?purpose="+purpose, "", string(role)+"+", true)
			}
		}
		require.Equal(t, 200, check("POST", "/v1/profiles/lookup", `{"identifier":{"namespace":"phone","value":"`+phone+`","country":"FR"},"purpose":"contract"}`, string(role), true))
	}
	hub := w.name(identifier.Phone, shared)
	require.Equal(t, 200, check("GET", "/v1/profiles/"+hub+"?purpose=contract", "", "service", true))
	require.Equal(t, 200, check("GET", "/v1/profiles/"+hub+"/explain?purpose=contract", "", "service", true))
	require.Equal(t, 404, check("GET", "/v1/profiles/"+strings.Repeat("0", 34)+"?purpose=contract", "", "service", true))
	require.Equal(t, 403, check("GET", "/v1/profiles/"+id+"?purpose=contract&controller=spa-fr", "", "service", true))
	require.Equal(t, 401, check("GET", "/v1/profiles/"+id+"?purpose=contract", "", "nobody", true))
	require.Equal(t, 400, check("GET", "/v1/profiles/"+id, "", "service", false))
	require.Equal(t, 400, check("GET", "/v1/profiles/XY?purpose=contract", "", "service", false))
	require.Equal(t, 400, check("POST", "/v1/profiles/lookup", `{"purpose":"contract"}`, "service", false))
	require.Equal(t, 400, check("POST", "/v1/profiles/lookup", `{"identifier":{"namespace":"email","value":"x","more":1},"purpose":"contract"}`, "service", false))
	require.Equal(t, 413, check("POST", "/v1/profiles/lookup", `{"purpose":"`+strings.Repeat("x", 5000)+`"}`, "service", false))
	require.Equal(t, 200, check("GET", "/v1/profiles/"+id+"/why-not/"+w.name(identifier.Phone, phone)+"?purpose=contract", "", "adviser", true))
	require.Equal(t, 200, check("GET", "/v1/profiles/"+id+"/why-not/"+hub+"?purpose=contract", "", "adviser", true))
	require.Equal(t, 404, check("GET", "/v1/profiles/"+id+"/why-not/"+strings.Repeat("0", 34)+"?purpose=contract", "", "adviser", true))
	require.Equal(t, 403, check("GET", "/v1/profiles/"+id+"/why-not/"+hub+"?purpose=contract", "", "seller", true))
	w.away.err = errAway
	require.Equal(t, 503, check("GET", "/v1/profiles/"+id+"?purpose=contract", "", "service", true))
	published.AllAsked(t)
}
