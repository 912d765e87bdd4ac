package steward

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
)

func contract(t *testing.T) routers.Router {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile("../../schemas/openapi/steward.yaml")
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
	router, err := gorillamux.NewRouter(doc)
	require.NoError(t, err)
	return router
}

// checked sends a request and checks the answer, good or bad, against the published contract.
func checked(r *rig, router routers.Router, key, method, path, body string) answer {
	r.t.Helper()
	request := func() *http.Request {
		q := httptest.NewRequest(method, "http://127.0.0.1:8087"+path, strings.NewReader(body))
		q.Header.Set("Authorization", "Bearer "+key)
		if body != "" {
			q.Header.Set("Content-Type", "application/json")
		}
		return q
	}
	q := request()
	route, params, err := router.FindRoute(q)
	require.NoError(r.t, err, path)
	in := &openapi3filter.RequestValidationInput{
		Request: q, PathParams: params, Route: route, Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	w := httptest.NewRecorder()
	r.s.router.ServeHTTP(w, request())
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: w.Code, Header: w.Header(), Body: io.NopCloser(strings.NewReader(w.Body.String())), Options: in.Options,
	}
	require.NoError(r.t, openapi3filter.ValidateResponse(r.t.Context(), out), "%s %s: %s", method, path, w.Body.String())
	return answer{r.t, w}
}

func TestOpenAPI_answersAreAsDescribed(t *testing.T) {
	r := joined(t)
	router := contract(t)
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
		{"seller", "GET", "/v1/acts", "", 403},
		{"nobody", "GET", "/v1/acts", "", 401},
		{"anne", "POST", "/v1/acts", `{`, 400},
		{"anne", "POST", "/v1/acts", `{"reason":"` + strings.Repeat("x", maxBody) + `"}`, 413},
	} {
		got := checked(r, router, c.key, c.method, c.path, c.body)
		require.Equal(t, c.status, got.Code, "%s %s: %s", c.path, c.body, got.Body.String())
	}
	r.kafka.set(func(k *kafka) { k.resolve = nil })
	require.Equal(t, 202, checked(r, router, "anne", "POST", "/v1/acts", `{"op":"together",`+ends+`,"reason":"x","seen":"2"}`).Code)
	r.kafka.set(func(k *kafka) { k.fail = errAway })
	require.Equal(t, 503, checked(r, router, "anne", "POST", "/v1/acts", strings.ReplaceAll(`{"op":"together",`+ends+`,"reason":"x"}`, cardOne, cardTwo)).Code)
}
