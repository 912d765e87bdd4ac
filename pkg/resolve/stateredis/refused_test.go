package stateredis_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"rcu/pkg/embedded"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/testkit"
)

func TestNewWorksFromWhenRedisComes(t *testing.T) {
	port := testkit.FreePort(t)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	core, seen := observer.New(zap.DebugLevel)
	client := stateredis.New(stateredis.Config{Addrs: []string{address}, Log: zap.New(core)})
	t.Cleanup(func() { _ = client.Close() })
	err := client.Connect(t.Context())
	require.Error(t, err)
	require.False(t, stateredis.Refused(err), "%v", err)
	cells := stateredis.NewCells(client)
	_, err = cells.LoadCells(t.Context(), []string{"c:1"})
	require.Error(t, err)
	require.NotZero(t, seen.FilterMessage("redis client").Len(), "what the library says is in the log")

	testkit.StartRedisWith(t, embedded.RedisConfig{Dir: t.TempDir(), Port: port})
	require.Eventually(t, func() bool { return client.Connect(t.Context()) == nil }, 20*time.Second, 20*time.Millisecond)
	ok, err := cells.CommitCells(t.Context(), []resolve.Cell{{Key: "c:1", Value: []byte("x")}})
	require.NoError(t, err)
	require.Equal(t, []bool{true}, ok)
}

func TestRefusedTellsASettingFromAnOutage(t *testing.T) {
	address := testkit.Redis(t)
	try := func(cfg stateredis.Config) error {
		cfg.Addrs = []string{address}
		client := stateredis.New(cfg)
		defer func() { _ = client.Close() }()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		return client.Connect(ctx)
	}
	err := try(stateredis.Config{Username: "nobody", Password: "not-the-secret"})
	require.True(t, stateredis.Refused(err), "%v", err)
	require.NotContains(t, err.Error(), "not-the-secret")
	require.ErrorContains(t, err, "redis.password")
	require.NoError(t, try(stateredis.Config{}))
	require.Error(t, try(stateredis.Config{TLS: &tls.Config{MinVersion: tls.VersionTLS12}}))
	require.False(t, stateredis.Refused(nil))
}
