package rebuild_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/testkit"
)

// A denial that had its answer is among the last seconds that Redis loses. Nobody is shown the grant before it, neither by who was there nor by who
// starts later, until a resolver has read the denial again.
func TestADenialThatRedisLosesIsInForce(t *testing.T) {
	i := newInstallation(t)
	dir := t.TempDir()
	server := testkit.StartRedisIn(t, dir)
	open := func() *stateredis.Client {
		c, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{server.Addr()}})
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	i.redis = open()
	i.live(i.choose())
	now := time.Now()
	was, sender := i.faces(i.redis, now), i.desk(i.redis)
	history := map[string]any{"point": mailTo(0)}
	require.Equal(t, "reserved", sender.ask(t.Context(), "reserve", "a", mailTo(0), "email", "shoes"))
	require.Equal(t, "released", sender.ask(t.Context(), "release", "a", mailTo(0), "email", "shoes"))
	granted := was.says(was.consents, http.MethodPost, "/v1/consents/history", history)
	require.True(t, strings.HasPrefix(granted, "200 "), granted)

	keep := testkit.RedisSize(t, server, dir)
	denied := was.says(was.consents, http.MethodPost, "/v1/consents", map[string]any{
		"id": "no", "decision": "withdraw", "purpose": "marketing", "channel": "email", "point": mailTo(0), "act": "web_form",
	})
	require.True(t, strings.HasPrefix(denied, "20"), denied)
	require.Equal(t, "no_permission", sender.ask(t.Context(), "reserve", "b", mailTo(0), "email", "shoes"))
	server = testkit.LoseRedis(t, server, dir, keep)

	later := i.faces(open(), now)
	late := i.desk(open())
	for n := range 50 {
		for _, d := range []*desk{sender, late} {
			require.Equal(t, "unavailable", d.ask(t.Context(), "reserve", "c", mailTo(0), "email", "shoes"), n)
		}
		for _, f := range []*faces{was, later} {
			shown := f.says(f.consents, http.MethodPost, "/v1/consents/history", history)
			require.True(t, strings.HasPrefix(shown, "503 "), shown)
			shown = f.says(f.records, http.MethodPost, "/v1/profiles/lookup", map[string]any{"identifier": mailTo(0), "purpose": "marketing"})
			require.True(t, strings.HasPrefix(shown, "503 "), shown)
		}
	}
	i.resolved()
	for _, d := range []*desk{sender, late} {
		require.Equal(t, "no_permission", d.ask(t.Context(), "reserve", "d", mailTo(0), "email", "shoes"))
	}
	for _, f := range []*faces{was, later} {
		shown := f.says(f.consents, http.MethodPost, "/v1/consents/history", history)
		require.True(t, strings.HasPrefix(shown, "200 "), shown)
		require.NotEqual(t, granted, shown)
	}
}
