package consentapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"
)

// Real answers, good and bad, are as the published contract describes them, and every operation of it is asked.
func TestOpenAPI_answersAreAsDescribed(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../schemas/openapi/consent-api.yaml")
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err)
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.FileBodyDecoder)
	r := newRig(t)
	seen := map[string]bool{}
	check := func(method, path, key string, body any, want int, header ...string) answer {
		t.Helper()
		raw := ""
		if body != nil {
			b, err := json.Marshal(body)
			require.NoError(t, err)
			raw = string(b)
		}
		q := httptest.NewRequest(method, "http://127.0.0.1:8085"+path, strings.NewReader(raw))
		q.Header.Set("Content-Type", "application/json")
		route, params, err := router.FindRoute(q)
		require.NoError(t, err, path)
		seen[route.Operation.OperationID] = true
		in := &openapi3filter.RequestValidationInput{Request: q, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}}
		if want < http.StatusBadRequest {
			require.NoError(t, openapi3filter.ValidateRequest(t.Context(), in), "%s %s", method, path)
		}
		a := r.do(method, path, key, body, header...)
		require.Equal(t, want, a.Code, "%s %s: %s", method, path, a.Body)
		require.NoError(t, openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: in, Status: a.Code, Header: a.Header(), Body: io.NopCloser(bytes.NewReader(a.Body.Bytes())), Options: in.Options,
		}), "%s %s", method, path)
		return a
	}
	whose := fields{"point": point("email", mail)}
	receipt := check("POST", "/v1/consents", "service", grant(nil), 200).json()["receipts"].([]any)[0]
	check("POST", "/v1/receipts/verify", "privacy", fields{"receipt": receipt, "point": point("email", mail)}, 200)
	check("POST", "/v1/consents", "service", grant(fields{"purpose": "fun"}), 422)
	check("POST", "/v1/consents", "", grant(nil), 401)
	check("POST", "/v1/consents", "steward", grant(nil), 403)
	check("POST", "/v1/consents/history", "adviser", whose, 200)
	link := check("POST", "/v1/unsubscribe-links", "service", fields{"point": point("email", mail), "purpose": "marketing", "channel": "email"}, 200).json()["path"].(string)
	check("GET", link, "", nil, 200)
	check("POST", link, "", nil, 200)
	check("GET", link+"x", "", nil, 404)
	check("POST", "/v1/receipts/verify", "privacy", fields{"receipt": receipt, "point": point("email", mail)}, 409)
	confirm := check("POST", "/v1/consents", "service", grant(fields{"act": "web_form", "point": point("email", "two@example.com")}), 202).json()["confirmation"].(fields)["path"].(string)
	check("GET", confirm, "", nil, 200)
	check("POST", confirm, "", nil, 200)
	check("POST", "/v1/consents/level", "service", fields{"point": point("email", mail), "level": "none"}, 200)
	check("POST", "/v1/stop", "service", fields{"point": point("phone", "0612345678"), "text": "STOP"}, 200)
	check("POST", "/v1/signals", "service", fields{"point": point("cookie", "b2f7c1d0-5e1c-4b9f-9d0e-3a1f6c0a7e11")}, 200, "Sec-GPC", "1")
	check("GET", "/v1/register?lang=en", "", nil, 200)
	check("GET", "/v1/register?lang=de", "", nil, 400)
	check("GET", "/v1/receipts/key", "", nil, 200)
	r.redis.set(true)
	check("POST", "/v1/consents", "service", withdrawal(nil), 503)
	for _, path := range doc.Paths.InMatchingOrder() {
		for _, o := range doc.Paths.Value(path).Operations() {
			require.True(t, seen[o.OperationID], "%s is not asked", o.OperationID)
		}
	}
}
