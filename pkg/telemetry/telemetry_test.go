package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/telemetry"
	"rcu/pkg/testkit"
)

func TestLoggerWritesFixedKeys(t *testing.T) {
	var out bytes.Buffer
	log, err := telemetry.NewLogger(&out, "info")
	require.NoError(t, err)
	log = log.Named("resolver")
	log.Debug("too fine")
	log.Info("batch done", zap.Int("records", 3), zap.Duration("took", 1500*time.Millisecond))
	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	at, err := time.Parse(time.RFC3339Nano, line["ts"].(string))
	require.NoError(t, err)
	require.False(t, at.IsZero())
	delete(line, "ts")
	require.Equal(t, map[string]any{"level": "info", "logger": "resolver", "msg": "batch done", "records": 3.0, "took": 1.5}, line)
}

func TestLoggerRefusesAnUnknownLevel(t *testing.T) {
	_, err := telemetry.NewLogger(&bytes.Buffer{}, "loud")
	require.ErrorContains(t, err, `"loud" is none of debug, info, warn, error`)
}

func TestHandler(t *testing.T) {
	notReady := func(context.Context) error { return errors.New("resolver: no group yet") }
	tests := []struct {
		name, path string
		ready      func(context.Context) error
		status     int
		contains   string
	}{
		{"metrics", "/metrics", nil, 200, `rcu_build_info{go="go`},
		{"alive although not ready", "/healthz", notReady, 200, "ok"},
		{"ready", "/readyz", func(context.Context) error { return nil }, 200, "ready"},
		{"always ready", "/readyz", nil, 200, "ready"},
		{"not ready says why", "/readyz", notReady, 503, "resolver: no group yet"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec := httptest.NewRecorder()
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, tt.path, http.NoBody)
			telemetry.Handler(telemetry.NewRegistry("v1"), tt.ready).ServeHTTP(rec, req)
			require.Equal(t, tt.status, rec.Code)
			require.Contains(t, rec.Body.String(), tt.contains)
		})
	}
}

func TestRegistryPassesTheLint(t *testing.T) {
	reg := telemetry.NewRegistry("v1")
	testkit.LintMetrics(t, reg)
	bad := prometheus.NewRegistry()
	bad.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "events", Help: ""}))
	require.Len(t, testkit.MetricProblems(t, bad), 3, "form, help, _total")
}
