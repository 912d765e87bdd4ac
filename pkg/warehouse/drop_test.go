package warehouse_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/pkg/warehouse"
)

// cutBehind returns the configuration of a warehouse whose server takes so many statements that drop something, and refuses all others once they are told.
func cutBehind(t *testing.T, cfg warehouse.Config, drops *atomic.Int64) warehouse.Config {
	t.Helper()
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: cfg.Addrs[0]})
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || strings.HasPrefix(string(body), "DROP ") && drops.Add(-1) < 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	cfg.Addrs = []string{strings.TrimPrefix(server.URL, "http://")}
	return cfg
}

// Whatever a drop that was cut short has left, the next start makes the rest again. The tables have another life then.
func TestDropTables_cutShort_isMigratedAgain(t *testing.T) {
	cfg, err := warehouse.ParseURL(testkit.ClickHouse(t))
	require.NoError(t, err)
	direct := openAs(t, cfg, true)
	const objects = "SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name"
	all := ask(t, direct, objects)
	var drops atomic.Int64
	w := openAs(t, cutBehind(t, cfg, &drops), false)
	life, err := direct.Life(t.Context())
	require.NoError(t, err)
	for _, taken := range []int{1, len(all) / 2, len(all) - 3, len(all)} {
		t.Run(fmt.Sprint(taken), func(t *testing.T) {
			drops.Store(int64(taken))
			if err := w.DropTables(t.Context()); taken < len(all) {
				require.Error(t, err)
			} else {
				require.NoError(t, err)
			}
			require.Len(t, ask(t, direct, objects), len(all)-taken)
			require.NoError(t, direct.Migrate(t.Context()))
			require.Equal(t, all, ask(t, direct, objects))
			ask(t, direct, "SELECT * FROM customer_360 LIMIT 1")
		})
	}
	again, err := direct.Life(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, life, again)
}
