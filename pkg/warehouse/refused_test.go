package warehouse_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/warehouse"
)

// What only other settings mend is told from an outage, and says what to change.
func TestRefused_tellsASettingFromAnOutage(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	try := func(address string) error {
		cfg, err := warehouse.ParseURL(address)
		require.NoError(t, err)
		w, err := warehouse.Open(cfg)
		require.NoError(t, err)
		defer func() { require.NoError(t, w.Close()) }()
		return w.Migrate(t.Context())
	}
	plain := httptest.NewServer(answer)
	defer plain.Close()
	err := try(strings.Replace(plain.URL, "http://", "https://rcu:not-the-secret@", 1) + "/rcu")
	require.ErrorContains(t, err, "does not speak TLS")
	require.NotContains(t, err.Error(), "not-the-secret")
	require.True(t, warehouse.Refused(err))

	unknown := httptest.NewTLSServer(answer)
	defer unknown.Close()
	err = try(strings.Replace(unknown.URL, "https://", "https://rcu:not-the-secret@", 1) + "/rcu")
	require.ErrorContains(t, err, "its certificate does not fit")
	require.True(t, warehouse.Refused(err))

	require.True(t, warehouse.Refused(&warehouse.Error{Code: 516, Name: "AUTHENTICATION_FAILED"}))
	require.ErrorContains(t, &warehouse.Error{Code: 516, Name: "AUTHENTICATION_FAILED"}, "clickhouse.url")
	require.False(t, warehouse.Refused(try(strings.Replace(plain.URL, "http://", "http://rcu@", 1)+"/rcu")))
	require.False(t, warehouse.Refused(nil))
}
