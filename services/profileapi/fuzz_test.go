package profileapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"rcu/pkg/identifier"
)

// FuzzRequests sends any body, path and query: every answer is one of the contract, and none repeats what is in the record.
func FuzzRequests(f *testing.F) {
	w := newWorld(f)
	everything(w)
	a := newAPI(f, w, nil)
	id := w.name(identifier.Card, card)
	f.Add(`{"identifier":{"namespace":"email","value":"`+mail+`"},"purpose":"contract"}`, id, "purpose=contract")
	f.Add(`{"identifier":{"namespace":"order","value":"W-1","scope":"maison"},"purpose":"share_partner:a"}`, id+"/explain", "purpose=legal&controller=shop-fr")
	f.Add(`[]`, "..", "%zz;")
	f.Fuzz(func(t *testing.T, body, path, query string) {
		target := &url.URL{Path: "/v1/profiles/" + path, RawQuery: query}
		for _, r := range []*http.Request{
			httptest.NewRequest(http.MethodPost, "/v1/profiles/lookup", strings.NewReader(body)),
			{Method: http.MethodGet, URL: target, Header: http.Header{}, Host: "x", Body: http.NoBody},
		} {
			r = r.WithContext(t.Context())
			r.Header.Set("Authorization", "Bearer operator")
			got := httptest.NewRecorder()
			a.service.Handler().ServeHTTP(got, r)
			switch got.Code {
			case 200, 304, 400, 403, 404, 413:
			case 503: // the audit is behind
			default:
				t.Fatalf("status %d", got.Code)
			}
			if strings.Contains(got.Body.String(), "Lefebvre") {
				t.Fatal("a personal value was sent to an operator")
			}
		}
	})
}
