package httpserver_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"rcu/pkg/httpserver"
)

const planted = "marie.durand@example.org"

func zipped(t testing.TB, plain []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write(plain)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

func TestReadBody(t *testing.T) {
	const limit = 1000
	big := bytes.Repeat([]byte("a"), 50<<20)
	tests := []struct {
		name     string
		encoding string
		body     []byte
		want     string
		err      error
	}{
		{name: "plain", body: []byte("hello"), want: "hello"},
		{name: "identity", encoding: "identity", body: []byte("hello"), want: "hello"},
		{name: "gzip", encoding: "GZIP", body: zipped(t, []byte("hello")), want: "hello"},
		{name: "empty", body: nil, want: ""},
		{name: "plain at the limit", body: bytes.Repeat([]byte("x"), limit), want: strings.Repeat("x", limit)},
		{name: "plain past the limit", body: bytes.Repeat([]byte("x"), limit+1), err: httpserver.ErrBodyTooLarge},
		{name: "gzip at the limit", encoding: "gzip", body: zipped(t, bytes.Repeat([]byte("x"), limit)), want: strings.Repeat("x", limit)},
		{name: "gzip past the limit", encoding: "gzip", body: zipped(t, bytes.Repeat([]byte("x"), limit+1)), err: httpserver.ErrBodyTooLarge},
		{name: "gzip bomb", encoding: "gzip", body: zipped(t, big), err: httpserver.ErrBodyTooLarge},
		{name: "not gzip", encoding: "gzip", body: []byte(planted), err: httpserver.ErrBodyUnreadable},
		{name: "gzip cut short", encoding: "gzip", body: zipped(t, []byte("hello"))[:18], err: httpserver.ErrBodyUnreadable},
		{name: "other encoding", encoding: "zstd", body: []byte("hello"), err: httpserver.ErrBodyEncoding},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, declared := range []bool{true, false} {
				r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(tt.body))
				if !declared {
					r.ContentLength = -1
				}
				r.Header.Set("Content-Encoding", tt.encoding)
				body, err := httpserver.ReadBody(httptest.NewRecorder(), r, limit)
				if tt.err != nil {
					require.ErrorIs(t, err, tt.err)
					require.NotContains(t, err.Error(), planted)
					continue
				}
				require.NoError(t, err)
				require.Equal(t, tt.want, string(body.Bytes()))
				body.Release()
			}
		})
	}
}

func newRouter(t testing.TB) (*httpserver.Router, *prometheus.Registry, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	reg := prometheus.NewRegistry()
	rt, err := httpserver.NewRouter("example", reg, zap.New(core))
	require.NoError(t, err)
	rt.Handle("POST /v1/things/lookup", "lookup", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		httpserver.WriteJSON(w, http.StatusOK, map[string]string{"id": httpserver.RequestID(r.Context())})
	}))
	rt.Handle("GET /v1/things/{id}", "thing", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.PathValue("id"))
	}))
	rt.Handle("POST /v1/panic", "panic", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(planted) }))
	return rt, reg, logs
}

func TestRouter(t *testing.T) {
	tests := []struct {
		name, method, path string
		status             int
		contains           string
	}{
		{"route", http.MethodPost, "/v1/things/lookup", 200, `"id"`},
		{"path value", http.MethodGet, "/v1/things/abc", 200, "abc"},
		{"other method of a path", http.MethodDelete, "/v1/things/lookup", 405, "method_not_allowed"},
		{"unknown path", http.MethodGet, "/v1/" + planted, 404, "not_found"},
		{"path that would be redirected", http.MethodPost, "//v1/things/lookup?q=" + planted, 404, "not_found"},
		{"dots", http.MethodPost, "/v1/x/../things/lookup", 404, "not_found"},
		{"panic", http.MethodPost, "/v1/panic?email=" + planted, 500, `"reason":"internal"`},
	}
	rt, reg, logs := newRouter(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(planted))
			r.Header.Set(httpserver.HeaderRequestID, planted)
			rt.ServeHTTP(w, r)
			require.Equal(t, tt.status, w.Code)
			require.Contains(t, w.Body.String(), tt.contains)
			require.NotContains(t, w.Body.String()+w.Header().Get(httpserver.HeaderRequestID)+w.Header().Get("Location"), planted)
			require.NotEmpty(t, w.Header().Get(httpserver.HeaderRequestID))
		})
	}
	for _, e := range logs.All() {
		for k, v := range e.ContextMap() {
			require.NotContains(t, e.Message, planted)
			require.NotContains(t, k, planted)
			require.NotContains(t, toText(v), planted)
		}
	}
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestRouter_requestThatIsAbortedIsCountedAndOver(t *testing.T) {
	rt, reg, _ := newRouter(t)
	rt.Handle("GET /v1/abort", "abort", http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	require.PanicsWithError(t, http.ErrAbortHandler.Error(), func() {
		rt.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/v1/abort", nil))
	})
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP rcu_example_requests_in_flight Requests being answered.
# TYPE rcu_example_requests_in_flight gauge
rcu_example_requests_in_flight 0
# HELP rcu_example_requests_total Requests answered, by route and status.
# TYPE rcu_example_requests_total counter
rcu_example_requests_total{route="abort",status="500"} 1
`), "rcu_example_requests_in_flight", "rcu_example_requests_total"))
}

func toText(v any) string {
	switch x := v.(type) {
	case string:
		return x
	case []any:
		var b strings.Builder
		for _, e := range x {
			b.WriteString(toText(e))
		}
		return b.String()
	}
	return ""
}

func TestServer_stopsInOrder_requestUnderWayFinishes(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-release
		_, _ = io.WriteString(w, "done")
	})
	s, err := httpserver.New(httpserver.Default(), h, zap.NewNop())
	require.NoError(t, err)
	require.Error(t, s.Ready())
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, s.Listen(ctx))
	require.NoError(t, s.Ready())
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()

	answer := make(chan string, 1)
	go func() {
		resp, err := (&http.Client{Timeout: 10 * time.Second}).Get("http://" + s.Addr())
		if err != nil {
			answer <- err.Error()
			return
		}
		defer func() { _ = resp.Body.Close() }()
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-entered
	cancel()
	require.Eventually(t, func() bool { return s.Ready() != nil }, 5*time.Second, time.Millisecond)
	close(release)
	require.NoError(t, <-ran)
	require.Equal(t, "done", <-answer)
}

func TestServer_portTaken_saysWhich(t *testing.T) {
	first, err := httpserver.New(httpserver.Default(), http.NotFoundHandler(), zap.NewNop())
	require.NoError(t, err)
	require.NoError(t, first.Listen(t.Context()))
	cfg := httpserver.Default()
	cfg.Addr = first.Addr()
	second, err := httpserver.New(cfg, http.NotFoundHandler(), zap.NewNop())
	require.NoError(t, err)
	require.ErrorContains(t, second.Run(t.Context()), "listening on "+first.Addr())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, first.Run(ctx))
}

func TestServer_connectionsAreLimited_laterOnesWait(t *testing.T) {
	cfg := httpserver.Default()
	cfg.MaxConnections = 2
	s, err := httpserver.New(cfg, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }), zap.NewNop())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, s.Listen(ctx))
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	for range 10 {
		resp, err := client.Get("http://" + s.Addr())
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
	}
	cancel()
	require.NoError(t, <-ran)
}

func TestConfig_validate_allProblemsAtOnce(t *testing.T) {
	err := httpserver.Config{}.Validate()
	for _, field := range []string{"addr", "read_header_timeout", "read_timeout", "write_timeout", "idle_timeout", "stop_timeout", "max_header_bytes", "max_connections"} {
		require.ErrorContains(t, err, field)
	}
	require.NoError(t, httpserver.Default().Validate())
}
