package contacts_test

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

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
)

// TestOpenAPI_answersAreAsDescribed checks real answers, good and bad, against the published contract.
func TestOpenAPI_answersAreAsDescribed(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("../../schemas/openapi/contacts.yaml")
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err)
	r := newRig(t, nil)
	for _, p := range []struct {
		ns      identifier.Namespace
		value   string
		channel string
	}{{identifier.Email, marie, "email"}, {identifier.Phone, phone, "phone"}} {
		r.decide(r.key(p.ns, p.value), consent.Marketing, p.channel, consent.Grant)
	}
	seen, reasons := map[string]bool{}, map[string]bool{}
	check := func(key, step string, f fields, good bool) {
		t.Helper()
		raw, err := json.Marshal(f)
		require.NoError(t, err)
		q := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8086/v1/contacts/"+step, bytes.NewReader(raw))
		q.Header.Set("Content-Type", "application/json")
		route, params, err := router.FindRoute(q)
		require.NoError(t, err)
		in := &openapi3filter.RequestValidationInput{
			Request: q, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
		}
		err = openapi3filter.ValidateRequest(t.Context(), in)
		require.Equal(t, good, err == nil, "%s: %v", raw, err)
		got := r.send(key, step, f)
		out := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: in, Status: got.Code, Header: got.Header(), Body: io.NopCloser(strings.NewReader(got.Body.String())), Options: in.Options,
		}
		require.NoError(t, openapi3filter.ValidateResponse(t.Context(), out), "%s: %s", step, got.Body.String())
		require.Equal(t, good, got.Code == http.StatusOK || got.Code == http.StatusServiceUnavailable || got.Code == http.StatusForbidden || got.Code == http.StatusUnauthorized)
		seen[route.Operation.OperationID] = true
		var a struct{ Reason string }
		require.NoError(t, json.Unmarshal(got.Body.Bytes(), &a))
		reasons[a.Reason] = true
	}
	full := mail("m1", marie).with("places", []string{"FR-67"}).with("controller", "shop-fr").with("also", []fields{{"purpose": "contract"}})
	for _, step := range []string{"reserve", "confirm", "confirm", "reserve", "release"} {
		check("service", step, full, true)
	}
	for _, f := range []fields{mail("m2", marie), mail("m3", "nobody@example.org"), call("c1", phone), call("c3", phone), call("c2", "+881631074921"), mail("m4", marie).with("purpose", "contract")} {
		for _, step := range []string{"reserve", "confirm", "refused"} {
			check("service", step, f, true)
		}
	}
	check("operator", "reserve", full, true)
	check("", "reserve", full, true)
	r.away(errAway)
	check("service", "reserve", full, true)
	r.away(nil)
	for _, f := range []fields{full.with("purpose", "spam"), full.with("channel", "fax"), full.with("id", ""), full.with("force", true), full.with("topic", "A B"), {}} {
		check("service", "reserve", f, false)
	}
	require.Len(t, seen, 4, "every step was asked")
	for _, reason := range []string{"cap", "already_made", "no_permission", "unavailable", "refused_before", "role", "no_key", "unknown_purpose"} {
		require.True(t, reasons[reason], "%s in %v", reason, reasons)
	}
}
