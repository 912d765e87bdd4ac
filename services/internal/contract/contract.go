// Package contract holds the answers of a service, in its tests, to the OpenAPI document that is published of it.
package contract

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
)

// Contract is one published document, and which of its operations were asked.
type Contract struct {
	doc    *openapi3.T
	router routers.Router
	base   string
	asked  map[string]bool
}

// Load reads schemas/openapi/NAME.yaml.
func Load(t testing.TB, name string) *Contract {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join(testkit.Root(t), "schemas", "openapi", name+".yaml"))
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err)
	require.NotEmpty(t, doc.Servers, "the document says where the service answers")
	openapi3filter.RegisterBodyDecoder("text/html", openapi3filter.FileBodyDecoder)
	return &Contract{doc: doc, router: router, base: doc.Servers[0].URL, asked: map[string]bool{}}
}

// Hold fails the test unless an answer is one that the document describes for the request. It returns what is wrong with the request
// itself, by the document; nil when it is as described.
func (c *Contract) Hold(t testing.TB, method, path, body string, got *httptest.ResponseRecorder) error {
	t.Helper()
	q := httptest.NewRequestWithContext(t.Context(), method, c.base+path, bytes.NewReader([]byte(body)))
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	route, params, err := c.router.FindRoute(q)
	require.NoError(t, err, path)
	c.asked[route.Operation.OperationID] = true
	in := &openapi3filter.RequestValidationInput{
		Request: q, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	wrong := openapi3filter.ValidateRequest(t.Context(), in)
	require.NoError(t, openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: got.Code, Header: got.Header(), Body: io.NopCloser(bytes.NewReader(got.Body.Bytes())), Options: in.Options,
	}), "%s %s answered %d %s: %s", method, path, got.Code, http.StatusText(got.Code), got.Body.String())
	return wrong
}

// AllAsked fails the test when an operation of the document was never asked.
func (c *Contract) AllAsked(t testing.TB) {
	t.Helper()
	for _, path := range c.doc.Paths.InMatchingOrder() {
		for _, o := range c.doc.Paths.Value(path).Operations() {
			require.True(t, c.asked[o.OperationID], "%s is not asked", o.OperationID)
		}
	}
}
