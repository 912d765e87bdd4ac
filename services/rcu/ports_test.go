package main

import (
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/httpserver"
	"rcu/pkg/lifecycle"
	"rcu/services/internal/boot"
)

// A port that another program has is told with the setting that moves it.
func TestTakenPorts_nameTheirSetting(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	addr := taken.Addr().String()
	d := &deps{settings: defaultSettings(), addresses: map[string]string{}, log: zap.NewNop(), metrics: prometheus.NewRegistry()}
	cfg := httpserver.Default()
	for at, says := range map[string]string{
		addr:             "end the program that has this port, or choose another one by ports of the configuration file (ports: {ingest-store: 9081})",
		"192.0.2.1:8081": "this machine has no such address: choose another one by listen (RCU_LISTEN)",
	} {
		cfg.Addr = at
		s, err := httpserver.New(cfg, http.NotFoundHandler(), zap.NewNop())
		require.NoError(t, err)
		err = d.listen(t.Context(), "ingest-store", s)
		require.ErrorContains(t, err, at)
		require.ErrorContains(t, err, says)
	}
	d.settings.Admin = addr
	err = addAdmin(t.Context(), lifecycle.New(zap.NewNop(), 0), d)
	require.ErrorContains(t, err, "choose another one by admin (RCU_ADMIN, --set admin=127.0.0.1:9465)")
	require.Empty(t, d.addresses)
}

func TestTakenPortOfAnEmbeddedServer_namesItsSetting(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	began := time.Now()
	_, said, code := call(t, "", "--data", t.TempDir(), "up", "--set", "embedded.redis_port="+port)
	require.Equal(t, boot.ExitError, code)
	require.Contains(t, said, "port "+port+" of redis is taken")
	require.Contains(t, said, "embedded.redis_port (RCU_EMBEDDED_REDIS_PORT; 0 takes a free one), or name a server that is there (--redis)")
	require.Less(t, time.Since(began), time.Minute)
}
