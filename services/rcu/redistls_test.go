package main

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/config"
	"rcu/pkg/embedded"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/testkit"
)

// tlsRedis is a redis-server that speaks TLS alone, with a certificate for 127.0.0.1, and wants one of its clients.
func tlsRedis(t *testing.T, a *testkit.Authority) string {
	t.Helper()
	binary, err := embedded.FindRedis(t.Context(), "")
	require.NoError(t, err)
	addr := testkit.FreeAddress(t)
	_, port, _ := strings.Cut(addr, ":")
	cmd := exec.CommandContext(t.Context(), binary, "--bind", "127.0.0.1", "--port", "0", "--tls-port", port, "--dir", t.TempDir(), "--save", "",
		"--tls-cert-file", a.Path("redis.pem"), "--tls-key-file", a.Path("redis.key"), "--tls-ca-cert-file", a.Path("ca.pem"), "--tls-auth-clients", "yes")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return addr
}

func TestRedis_overTLSOfAnAuthorityOfTheOperatorsOwn(t *testing.T) {
	a, other := testkit.NewAuthority(t), testkit.NewAuthority(t)
	for _, name := range []string{"redis", "rcu"} {
		a.Issue(name, time.Now().Add(time.Hour))
	}
	other.Issue("rcu", time.Now().Add(time.Hour))
	addr := tlsRedis(t, a)
	plain := testkit.Redis(t)
	set := func(values ...string) error {
		s := defaultSettings()
		require.NoError(t, config.Load(s, config.Source{Set: append([]string{"redis.addrs=" + addr}, values...)}))
		cfg, err := redisConfig(s.Redis)
		require.NoError(t, err)
		c := stateredis.New(cfg)
		defer func() { _ = c.Close() }() // a server that refused us is gone already
		return c.Connect(t.Context())
	}
	ca, cert, key := "redis.tls_ca_file="+a.Path("ca.pem"), "redis.tls_cert_file="+a.Path("rcu.pem"), "redis.tls_key_file="+a.Path("rcu.key")
	require.Eventually(t, func() bool { return set("redis.tls=true", ca, cert, key) == nil }, 20*time.Second, 50*time.Millisecond)
	for name, c := range map[string]struct {
		values []string
		says   string
	}{
		"an authority that is not trusted":    {[]string{"redis.tls=true", cert, key}, "redis.tls_ca_file"},
		"another name":                        {[]string{"redis.tls=true", ca, cert, key, "redis.tls_server_name=redis.example"}, "redis.tls_server_name"},
		"no certificate of our own":           {[]string{"redis.tls=true", ca}, "redis.tls_cert_file"},
		"a certificate of somebody else":      {[]string{"redis.tls=true", ca, "redis.tls_cert_file=" + other.Path("rcu.pem"), "redis.tls_key_file=" + other.Path("rcu.key")}, "redis.tls_cert_file"},
		"no tls where the server speaks none": {[]string{"redis.addrs=" + plain}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := set(c.values...)
			if c.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, c.says)
			require.True(t, stateredis.Refused(err), "%v: waiting does not mend it", err)
		})
	}
}
