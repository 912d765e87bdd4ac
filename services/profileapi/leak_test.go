package profileapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
)

// planted values are in the record, in bodies, query strings, headers and paths.
var planted = []string{mail, "Durand-Lefebvre", "+33612345678", phone, "12 rue des Lilas", "1980-04-02", card, "K-5501", "tok-998877", "W-1001"}

func TestPlantedValues_areInNoLogMetricAuditOrError(t *testing.T) {
	w := newWorld(t)
	everything(w)
	a := newAPI(t, w, nil)
	var errorsSent strings.Builder
	note := func(x answer) {
		if x.Code >= 400 {
			errorsSent.WriteString(x.Body.String())
		}
		for k, v := range x.Header() {
			errorsSent.WriteString(k + strings.Join(v, ""))
		}
	}
	reads := 0
	for _, away := range []error{nil, errAway, context.DeadlineExceeded, errors.New("broken")} {
		w.away.err = away
		for _, v := range planted {
			for _, ns := range []string{"email", "phone", "card", "customer", "pay", "order", v} {
				for _, purpose := range []string{"contract", "marketing", v} {
					note(a.lookup("service", ns, v, purpose, "scope", v, "controller", "shop-fr"))
					note(a.lookup("service", ns, v, purpose, "country", v, "controller", v))
					note(a.post("service", `{"identifier":{"namespace":"`+ns+`","value":"`+v+`"},"`+v+`":1}`))
				}
			}
			escaped := url.QueryEscape(v)
			for _, path := range []string{
				"/v1/profiles/" + url.PathEscape(v), "/v1/profiles/" + url.PathEscape(v) + "?purpose=contract",
				"/v1/profiles/" + w.name(identifier.Card, card) + "?purpose=" + escaped, "/v1/profiles/" + w.name(identifier.Card, card) + "?purpose=contract&" + escaped + "=1",
				"/v1/profiles/" + w.name(identifier.Card, card) + "/timeline?purpose=contract&controller=" + escaped, "/" + url.PathEscape(v),
			} {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				for _, h := range []string{"X-Request-Id", "User-Agent", "Referer", "Cookie", "If-None-Match", "Traceparent"} {
					r.Header.Set(h, v)
				}
				note(a.do(r, "service"))
				note(a.do(httptest.NewRequest(http.MethodGet, path, nil), v))
			}
			reads++
		}
	}
	metrics := a.get("", "/metrics").Body.String()
	a.written(reads)
	for _, v := range planted {
		require.NotContains(t, a.logs.String(), v)
		require.NotContains(t, metrics, v)
		require.NotContains(t, errorsSent.String(), v)
		for _, l := range a.audit.lines(t) {
			require.NotContains(t, l.String(), v)
		}
	}
}
