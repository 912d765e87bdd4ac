package rebuild_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/auth"
	"rcu/pkg/event/registry"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/schemas"
	"rcu/services/consentapi"
	"rcu/services/internal/whole"
	"rcu/services/profileapi"
	"rcu/services/resolver"
)

// faces are the two services that show people and staff what is known and chosen, over one Redis.
type faces struct {
	t                 *testing.T
	consents, records http.Handler
}

// whole is what the services are told of Redis; nobody looks but who asks.
func (i *installation) whole(r *stateredis.Client) func(context.Context) (context.Context, error) {
	g := whole.New(whole.Deps{Log: zap.NewNop(), State: stateredis.NewMarkers(r), Kafka: i.client, Group: resolver.Default().Group})
	return func(ctx context.Context) (context.Context, error) {
		_ = g.Look(ctx)
		return g.Bind(ctx) //nolint:wrapcheck // says all
	}
}

func (i *installation) faces(r *stateredis.Client, now time.Time) *faces {
	i.t.Helper()
	graph, err := resolve.NewGraph(stateredis.NewGraph(r), identity.DefaultRules())
	require.NoError(i.t, err)
	keys, err := auth.NewKeys([]auth.Entry[auth.Reader]{{
		Hash: auth.HashKey("site"), Principal: auth.Reader{Name: "site", Role: auth.RoleService, Space: space, Controllers: []string{retail}},
	}})
	require.NoError(i.t, err)
	purposes, err := registry.Load(schemas.Files)
	require.NoError(i.t, err)
	cells, whole, clock := stateredis.NewCells(r), i.whole(r), func() time.Time { return now }
	cfg := consentapi.Default()
	cfg.Journal = filepath.Join(i.t.TempDir(), "denials.journal")
	metrics := prometheus.NewRegistry()
	choices, err := consentapi.New(cfg, consentapi.Deps{
		Log: zap.NewNop(), Metrics: metrics, Gatherer: metrics, Readers: keys, Registry: purposes, Cells: cells, Keyring: i.ring, Producer: i.out,
		People: func(ctx context.Context, space string, point identifier.Key, now time.Time) ([]identifier.Key, error) {
			view, err := graph.View(ctx, space, []identifier.Key{point}, now.Unix())
			if err != nil || view.Standing(point) != identity.Clean {
				return nil, err
			}
			return view.Profile(point).Members, nil
		},
		Records: resolve.NewReader(graph, cells), Whole: whole, Now: clock,
	})
	require.NoError(i.t, err)
	metrics = prometheus.NewRegistry()
	records, err := profileapi.New(profileapi.Default(), profileapi.Deps{
		Log: zap.NewNop(), Metrics: metrics, Gatherer: metrics, Readers: keys, Graph: graph, Cells: cells, Keyring: i.ring, Audit: i.out, Whole: whole, Now: clock,
	})
	require.NoError(i.t, err)
	return &faces{i.t, choices.Handler(), records.Handler()}
}

// anew is what is made for each answer: sealed addresses of receipts, and the ids of requests.
var anew = regexp.MustCompile(`/v1/consents/[A-Za-z0-9_-]+/receipt|"request_id":"[^"]*"`)

// says asks a service and returns its answer, with its status before it.
func (f *faces) says(h http.Handler, method, path string, body map[string]any) string {
	f.t.Helper()
	raw := []byte(nil)
	if body != nil {
		var err error
		raw, err = json.Marshal(body)
		require.NoError(f.t, err)
	}
	q := httptest.NewRequestWithContext(f.t.Context(), method, path, strings.NewReader(string(raw)))
	q.Header.Set("Authorization", "Bearer site")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, q)
	return fmt.Sprint(w.Code, " ", anew.ReplaceAllString(w.Body.String(), "(anew)"))
}

// opened asks for a link or session and returns its path.
func (f *faces) opened(path string, body map[string]any) string {
	f.t.Helper()
	var a struct{ Path string }
	_, answer, _ := strings.Cut(f.says(f.consents, http.MethodPost, path, body), " ")
	require.NoError(f.t, json.Unmarshal([]byte(answer), &a), answer)
	require.NotEmpty(f.t, a.Path, answer)
	return a.Path
}

// paths are a link about each e-mail address, and a session of the person who has it.
func (f *faces) paths(people int) (out []string) {
	for n := range people {
		_, answer, _ := strings.Cut(f.says(f.records, http.MethodPost, "/v1/profiles/lookup", map[string]any{"identifier": mailTo(n), "purpose": "legal"}), " ")
		var person struct {
			ID string `json:"rcu_id"`
		}
		require.NoError(f.t, json.Unmarshal([]byte(answer), &person), answer)
		session := f.opened("/v1/preference-sessions", map[string]any{"rcu_id": person.ID, "points": []any{mailTo(n)}})
		out = append(out, f.opened("/v1/preference-links", map[string]any{"point": mailTo(n)}), session, session+"/record?form=json", session+"/erase")
	}
	return out
}

// all are the answers about everybody: pages, records, histories and reads for several purposes.
func (f *faces) all(people int, paths []string) (out []string) {
	for _, p := range paths {
		out = append(out, f.says(f.consents, http.MethodGet, p, nil))
	}
	for n := range people {
		out = append(out, f.says(f.consents, http.MethodPost, "/v1/consents/history", map[string]any{"point": mailTo(n)}))
		for _, purpose := range []string{"contract", "marketing", "unify_behaviour", "legal"} {
			out = append(out, f.says(f.records, http.MethodPost, "/v1/profiles/lookup", map[string]any{"identifier": mailTo(n), "purpose": purpose}))
		}
	}
	return out
}

func (f *faces) asks(id string, n int) string {
	return f.says(f.consents, http.MethodPost, "/v1/asks", map[string]any{"id": id, "point": mailTo(n), "purpose": "profiling"})
}

// What people and staff are shown is the same, letter by letter, before Redis is lost and after it was rebuilt, and nothing is shown in between.
func TestAnswersComeBack(t *testing.T) {
	i := newInstallation(t)
	people := i.choose()
	i.live(people)
	now := time.Now()
	before := i.faces(i.redis, now)
	require.Contains(t, before.asks("q1", 1), `"may_ask":true`)
	i.resolved()
	paths := before.paths(people)
	was := before.all(people, paths)
	kind := func(status string) int {
		return len(slices.DeleteFunc(slices.Clone(was), func(a string) bool { return !strings.HasPrefix(a, status) }))
	}
	require.Greater(t, kind("200"), 6*people)
	require.Positive(t, kind("423"), "some records are closed")
	require.Zero(t, kind("5"))

	fresh := openRedis(t)
	after := i.faces(fresh, now)
	early := after.all(people, paths)
	for n, a := range early {
		require.True(t, strings.HasPrefix(a, "503 "), "%d: %s", n, a)
	}
	_, err := i.rebuild(t.Context(), fresh, func(step string, _, _ int64) {
		require.True(t, strings.HasPrefix(after.says(after.consents, http.MethodGet, paths[0], nil), "503 "), step)
		require.True(t, strings.HasPrefix(after.asks("early", 2), "503 "), step)
	})
	require.NoError(t, err)
	is := after.all(people, paths)
	for n := range was {
		require.Equal(t, was[n], is[n])
	}
	require.Contains(t, after.asks("q2", 1), "cooling_down", "who was asked is not asked again")
}
