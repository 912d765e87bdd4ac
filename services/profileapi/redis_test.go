package profileapi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/testkit"
	"rcu/services/profileapi"
)

// redisWorld is a world on a real Redis.
func redisWorld(t testing.TB) *world {
	t.Helper()
	client, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{testkit.Redis(t)}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return worldOn(t, stateredis.NewGraph(client), stateredis.NewCells(client))
}

func TestRealRedis_answersAsTheTwin(t *testing.T) {
	shapes := map[string][]string{}
	for name, w := range map[string]*world{"twin": newWorld(t), "redis": redisWorld(t)} {
		everything(w)
		w.send(spa, "sale", at(14, 9), fields{"identifiers": ids("email", "only@spa.example"), "data": total(500)})
		a := newAPI(t, w, nil)
		id := w.name(identifier.Card, card)
		for _, role := range []string{"seller", "service+", "steward"} {
			for _, path := range []string{"", "/timeline", "/identifiers", "/explain"} {
				got := a.get(role, "/v1/profiles/"+id+path+"?purpose=store_view_web")
				var v any
				got.json(&v)
				var lines []string
				flatten(fmt.Sprint(role, path, got.Code), v, func(path, value string) {
					if len(value) == 34 || len(value) == 18 || len(value) == 14 { // ids and request ids are other ones in every world
						value = ""
					}
					lines = append(lines, path+" "+value)
				})
				slices.Sort(lines)
				shapes[name] = append(shapes[name], lines...)
			}
		}
		require.Equal(t, http.StatusNotFound, a.lookup("service", "email", "only@spa.example", "contract").Code)
		require.Equal(t, http.StatusForbidden, a.lookup("service", "email", mail, "contract", "controller", "spa-fr").Code)
		w.send(web, "consent.decided", at(15, 8), fields{"consent": consentOf("cookie", "ck-1", "unify_behaviour", "", "withdraw")})
		require.NotContains(t, a.get("seller", "/v1/profiles/"+id+"/timeline?purpose=store_view_web").Body.String(), "page.viewed")
	}
	require.NotEmpty(t, shapes["redis"])
	require.Equal(t, shapes["twin"], shapes["redis"])
}

// quiet takes an answer without keeping it.
type quiet struct {
	header http.Header
	code   int
	bytes  int
}

func (q *quiet) Header() http.Header  { return q.header }
func (q *quiet) WriteHeader(code int) { q.code = code }
func (q *quiet) Write(b []byte) (int, error) {
	q.bytes += len(b)
	return len(b), nil
}

// customers fills a world with people of two controllers: eight core events each, browsing under a grant for every fourth.
func customers(w *world, n int) []string {
	names := make([]string, n)
	for i := range n {
		email, cardNumber, cookie := fmt.Sprintf("customer%d@example.org", i), fmt.Sprintf("9900%05d", i), fmt.Sprintf("ck-%d", i)
		for j := range 3 {
			w.send(till, "sale", at(1+j, 9), fields{
				"identifiers": append(ids("card", cardNumber, "email", email), map[string]any{"namespace": "ticket", "value": fmt.Sprintf("%d-%d", i, j)}),
				"traits":      fields{"given_name": "Marie", "family_name": "Durand", "city": "Lyon", "language": "fr"}, "data": total(1000 + j),
			})
			w.send(web, "order.placed", at(4+j, 9), fields{
				"identifiers": append(ids("email", email), map[string]any{"namespace": "order", "value": fmt.Sprintf("W-%d-%d", i, j)}), "data": total(2000 + j),
			})
		}
		w.send(desk, "case.opened", at(8, 9), fields{"identifiers": append(ids("email", email), map[string]any{"namespace": "case", "value": fmt.Sprintf("C-%d", i)}), "data": fields{"kind": "question"}})
		w.send(spa, "sale", at(9, 9), fields{"identifiers": ids("email", email), "data": total(500)})
		if i%4 == 0 {
			w.send(web, "consent.decided", at(1, 8), fields{"consent": consentOf("cookie", cookie, "unify_behaviour", "", "grant")})
			w.send(web, "account.logged_in", at(2, 9), fields{"identifiers": ids("cookie", cookie, "email", email)})
			w.send(web, "page.viewed", at(2, 10), fields{"identifiers": ids("cookie", cookie), "data": fields{"path": "/shoes"}})
		}
		names[i] = w.name(identifier.Card, cardNumber)
	}
	return names
}

// BenchmarkRead reads one record at a time over the HTTP handler with a real Redis, beside the same kind of handler that does one GET
// of as many bytes.
func BenchmarkRead(b *testing.B) {
	w := redisWorld(b)
	names := customers(w, 200)
	a := newAPI(b, w, func(c *profileapi.Config, _ *profileapi.Deps) { c.AuditQueue = 1_000_000 })
	example := a.get("service+", "/v1/profiles/"+names[0]+"?purpose=contract")
	require.Equal(b, http.StatusOK, example.Code)
	for _, role := range []string{"seller", "service+"} {
		b.Run("profile/"+role, func(b *testing.B) {
			timed(b, a.service.Handler(), role, func(i int) string { return "/v1/profiles/" + names[i%len(names)] + "?purpose=contract" })
		})
	}
	b.Run("raw-get", func(b *testing.B) {
		require.NoError(b, w.cells.SetPlain(b.Context(), []resolve.Plain{{Key: "raw", Value: example.Body.Bytes()}}))
		timed(b, rawGet(b, w.cells), "service+", func(int) string { return "/v1/raw/x?purpose=contract" })
	})
}

// rawGet is the same chassis around one GET.
func rawGet(b *testing.B, cells resolve.Cells) http.Handler {
	b.Helper()
	router, err := httpserver.NewRouter("raw", prometheus.NewRegistry(), zap.NewNop())
	require.NoError(b, err)
	keys := readers(b)
	router.Handle("GET /v1/raw/{id}", "raw", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := keys.Authenticate(r); err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		values, err := cells.GetPlain(ctx, []string{"raw"})
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		httpserver.WriteBody(w, http.StatusOK, values[0])
	}))
	return router
}

// timed asks one path after the other and reports the median and the 99th percentile.
func timed(b *testing.B, h http.Handler, key string, path func(int) string) {
	b.Helper()
	var took []time.Duration
	bytes, i := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodGet, path(i), nil)
		r.Header.Set("Authorization", "Bearer "+key)
		out := &quiet{header: http.Header{}}
		began := time.Now()
		h.ServeHTTP(out, r)
		took = append(took, time.Since(began))
		if out.code != http.StatusOK {
			b.Fatalf("status %d", out.code)
		}
		bytes += out.bytes
		i++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-us")
	b.ReportMetric(float64(bytes)/float64(i), "B/answer")
}
