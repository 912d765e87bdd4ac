package ingest_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"

	"rcu/pkg/event/badinput"
	"rcu/pkg/stream"
)

// TestOpenAPI_answersAreAsDescribed checks real answers, good and bad, against the published contract.
func TestOpenAPI_answersAreAsDescribed(t *testing.T) {
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		raw, err := io.ReadAll(body)
		return string(raw), err
	})
	doc, err := openapi3.NewLoader().LoadFromFile("../../schemas/openapi/ingest.yaml")
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err)
	r := newRig(t, "store", nil)
	check := func(key, form, body string) int {
		t.Helper()
		request := func() *http.Request {
			req := httptest.NewRequest(http.MethodPost, "http://127.0.0.1:8081/v1/events", strings.NewReader(body))
			req.Header.Set("Authorization", "Bearer "+key)
			req.Header.Set("Content-Type", form)
			return req
		}
		req := request()
		route, params, err := router.FindRoute(req)
		require.NoError(t, err)
		options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
		in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: options}
		requestErr := openapi3filter.ValidateRequest(t.Context(), in)
		got := r.do(request())
		if got.Code == http.StatusOK && !strings.Contains(got.Body.String(), `"rejected"`) {
			require.NoError(t, requestErr)
		}
		out := &openapi3filter.ResponseValidationInput{
			RequestValidationInput: in, Status: got.Code, Header: got.Header(), Body: io.NopCloser(strings.NewReader(got.Body.String())), Options: options,
		}
		require.NoError(t, openapi3filter.ValidateResponse(t.Context(), out), "%s", got.Body.String())
		return got.Code
	}
	const form = "application/json"
	key := r.keys["store-1"]
	require.Equal(t, 200, check(key, form, sale("a", "")))
	require.Equal(t, 200, check(key, form, list(sale("b", ""), `{"id":"c"}`, sale("a", `,"data":{}`))))
	require.Equal(t, 200, check(key, form, sale("n", underOther)))
	require.Equal(t, 200, check(key, "application/x-ndjson", sale("d", "")+"\n"+sale("e", "")))
	for _, c := range badinput.Cases() {
		check(key, form, string(c.Body))
	}
	require.Equal(t, 400, check(key, form, ""))
	require.Equal(t, 401, check("nobody", form, sale("f", "")))
	require.Equal(t, 403, check(r.keys["web-1"], form, sale("f", "")))
	require.Equal(t, 413, check(key, form, "["+strings.Repeat(" ", 2<<20)+"]"))
	require.Equal(t, 415, check(key, "text/csv", "a;b"))
	slow := r.keys["store-slow"]
	require.Equal(t, 200, check(slow, form, list(sale("g", ""), sale("h", ""), sale("i", ""), sale("j", ""), sale("k", ""))))
	require.Equal(t, 429, check(slow, form, sale("l", "")))
	r.producer.fail = func([]stream.Record) error { return errors.New("broker away") }
	require.Equal(t, 503, check(key, form, sale("m", "")))
}
