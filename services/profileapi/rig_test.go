package profileapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/auth"
	"rcu/pkg/stream"
	"rcu/pkg/telemetry"
	"rcu/pkg/testkit"
	eventpb "rcu/schemas/event"
	"rcu/services/profileapi"
)

// publisher keeps what is published; fail and hold may stop it.
type publisher struct {
	mu      sync.Mutex
	records []stream.Record
	fail    error
	hold    chan struct{}
}

func (p *publisher) Publish(ctx context.Context, records []stream.Record) error {
	p.mu.Lock()
	hold, fail := p.hold, p.fail
	p.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if fail != nil {
		return fail
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records = append(p.records, records...)
	return nil
}

func (p *publisher) set(fail error, hold chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail, p.hold = fail, hold
}

func (p *publisher) lines(t testing.TB) []*eventpb.Audit {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []*eventpb.Audit
	for _, r := range p.records {
		require.Equal(t, stream.TopicAudit, r.Topic)
		a := new(eventpb.Audit)
		require.NoError(t, proto.Unmarshal(r.Value, a))
		out = append(out, a)
	}
	return out
}

// api is a profile API over a world.
type api struct {
	*world
	service  *profileapi.Service
	audit    *publisher
	logs     *testkit.Buffer
	registry *prometheus.Registry
}

// readers are a reader per role of shop-fr, and one of both controllers per role: its key is the role, then "+".
func readers(t testing.TB) *auth.Keys[auth.Reader] {
	t.Helper()
	var entries []auth.Entry[auth.Reader]
	add := func(key string, role auth.Role, controllers ...string) {
		entries = append(entries, auth.Entry[auth.Reader]{Hash: auth.HashKey(key), Principal: auth.Reader{
			Name: "reader " + key, Role: role, Space: space, Controllers: controllers, Store: "paris-1",
		}})
	}
	for _, role := range auth.Roles() {
		add(string(role), role, "shop-fr")
		add(string(role)+"+", role, "shop-fr", "spa-fr")
	}
	add("spa", auth.RoleService, "spa-fr")
	keys, err := auth.NewKeys(entries)
	require.NoError(t, err)
	return keys
}

// newAPI serves a world until the test ends.
func newAPI(t testing.TB, w *world, change func(*profileapi.Config, *profileapi.Deps)) *api {
	t.Helper()
	a := &api{world: w, audit: &publisher{}, logs: &testkit.Buffer{}, registry: telemetry.NewRegistry("test")}
	log, err := telemetry.NewLogger(a.logs, "debug")
	require.NoError(t, err)
	cfg := profileapi.Default()
	cfg.HTTP.Addr = "127.0.0.1:0"
	deps := profileapi.Deps{
		Log: log, Metrics: a.registry, Gatherer: a.registry, Readers: readers(t), Graph: w.graph, Cells: w.cells, Keyring: w.ring,
		Audit: a.audit, Now: func() time.Time { return clock },
	}
	if change != nil {
		change(&cfg, &deps)
	}
	a.service, err = profileapi.New(cfg, deps)
	require.NoError(t, err)
	require.NoError(t, a.service.Listen(t.Context()))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.service.Run(ctx) }()
	t.Cleanup(func() {
		a.audit.set(nil, nil)
		cancel()
		require.NoError(t, <-done)
	})
	return a
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	t testing.TB
}

func (x answer) json(into any) {
	x.t.Helper()
	require.NoError(x.t, json.Unmarshal(x.Body.Bytes(), into))
}

// record reads an answer with a status of 200.
func (x answer) record() profileapi.Answer {
	x.t.Helper()
	require.Equal(x.t, http.StatusOK, x.Code, x.Body.String())
	var out profileapi.Answer
	x.json(&out)
	return out
}

func (x answer) reason() string {
	x.t.Helper()
	var p struct {
		Reason    string `json:"reason"`
		Fix       string `json:"fix"`
		RequestID string `json:"request_id"`
	}
	x.json(&p)
	require.NotEmpty(x.t, p.Fix)
	require.NotEmpty(x.t, p.RequestID)
	return p.Reason
}

func (a *api) do(r *http.Request, key string) answer {
	a.t.Helper()
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	w := httptest.NewRecorder()
	a.service.Handler().ServeHTTP(w, r)
	return answer{w, a.t}
}

func (a *api) get(key, path string) answer {
	a.t.Helper()
	return a.do(httptest.NewRequest(http.MethodGet, path, nil), key)
}

// lookup asks for an identifier; further are fields of the body besides identifier and purpose.
func (a *api) lookup(key, namespace, value, purpose string, further ...string) answer {
	a.t.Helper()
	asked := map[string]string{"namespace": namespace, "value": value}
	body := map[string]any{"identifier": asked, "purpose": purpose}
	for i := 0; i < len(further); i += 2 {
		if further[i] == "controller" {
			body["controller"] = further[i+1]
		} else {
			asked[further[i]] = further[i+1]
		}
	}
	raw, err := json.Marshal(body)
	require.NoError(a.t, err)
	return a.post(key, string(raw))
}

func (a *api) post(key, body string) answer {
	a.t.Helper()
	return a.do(httptest.NewRequest(http.MethodPost, "/v1/profiles/lookup", strings.NewReader(body)), key)
}

// written waits until n reads are written down.
func (a *api) written(n int) []*eventpb.Audit {
	a.t.Helper()
	require.Eventually(a.t, func() bool { return len(a.audit.lines(a.t)) >= n }, 5*time.Second, 5*time.Millisecond)
	return a.audit.lines(a.t)
}
