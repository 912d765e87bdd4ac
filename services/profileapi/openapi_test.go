package profileapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"

	"rcu/pkg/auth"
	"rcu/pkg/identifier"
)

func contract(t *testing.T) (*openapi3.T, routers.Router) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../schemas/openapi/profile-api.yaml")
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err)
	return doc, router
}

// TestOpenAPI_answersAreAsDescribed checks real answers, good and bad, against the published contract.
func TestOpenAPI_answersAreAsDescribed(t *testing.T) {
	w := newWorld(t)
	everything(w)
	const shared = "0611111112"
	for i := range 12 {
		w.send(till, "sale", at(10, i), fields{"identifiers": ids("card", "88000"+string(rune('a'+i)), "phone", shared), "data": total(100)})
	}
	a := newAPI(t, w, nil)
	_, router := contract(t)
	seen := map[string]bool{}
	check := func(method, path, body, key string, good bool) int {
		t.Helper()
		request := func() *http.Request {
			r := httptest.NewRequest(method, "http://127.0.0.1:8080"+path, strings.NewReader(body))
			r.Header.Set("Authorization", "Bearer "+key)
			if body != "" {
				r.Header.Set("Content-Type", "application/json")
			}
			return r
		}
		r := request()
		route, params, err := router.FindRoute(r)
		require.NoError(t, err, path)
		in := &openapi3filter.RequestValidationInput{
			Request: r, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
		}
		err = openapi3filter.ValidateRequest(t.Context(), in)
		require.Equal(t, good, err == nil, "%s %s: %v", method, path, err)
		got := a.do(request(), key)
		out := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: in, Status: got.Code, Header: got.Header(), Body: io.NopCloser(strings.NewReader(got.Body.String())), Options: in.Options,
		}
		require.NoError(t, openapi3filter.ValidateResponse(t.Context(), out), "%s %s: %s", method, path, got.Body.String())
		seen[route.Operation.OperationID] = true
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
	require.Len(t, seen, 6)
}
