package embedded_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/embedded"
	"rcu/pkg/testkit"
)

// ask runs one statement as a user and gives the status and the text of the answer.
func ask(t *testing.T, c *embedded.ClickHouse, user, password, sql string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+c.Addr()+"/", strings.NewReader(sql))
	require.NoError(t, err)
	req.SetBasicAuth(user, password)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, strings.TrimSpace(string(body))
}

func admin(t *testing.T, c *embedded.ClickHouse, sql string) string {
	t.Helper()
	status, body := ask(t, c, embedded.UserAdmin, c.Password(embedded.UserAdmin), sql)
	require.Equal(t, http.StatusOK, status, body)
	return body
}

func TestClickHouseKeepsItsDataAfterKill(t *testing.T) {
	dir := t.TempDir()
	c := testkit.ClickHouseServer(t, embedded.ClickHouseConfig{Dir: dir})
	admin(t, c, "CREATE TABLE rcu.t (n UInt32) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100")
	admin(t, c, "INSERT INTO rcu.t SETTINGS insert_deduplication_token = 'a' VALUES (1), (2)")
	c.Kill()

	again := testkit.ClickHouseServer(t, embedded.ClickHouseConfig{Dir: dir})
	require.Equal(t, "3", admin(t, again, "SELECT sum(n) FROM rcu.t"))
	admin(t, again, "INSERT INTO rcu.t SETTINGS insert_deduplication_token = 'a' VALUES (1), (2)")
	require.Equal(t, "2", admin(t, again, "SELECT count() FROM rcu.t"), "the token outlives the kill")
	require.Equal(t, c.Password("rcu"), again.Password("rcu"), "the passwords are made once")

	info, err := os.Stat(filepath.Join(dir, "passwords.json"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, again.Stop(t.Context()))
	require.NoError(t, again.Err())
}

func TestClickHouseUsers(t *testing.T) {
	c := testkit.ClickHouseServer(t, embedded.ClickHouseConfig{
		Analyst: embedded.Access{
			Grants:   []string{"GRANT SELECT ON rcu.view"},
			Settings: map[string]string{"readonly": "2", "max_execution_time": "60", "apply_deleted_mask": "1"},
			Fixed:    []string{"readonly", "apply_deleted_mask"},
			AtMost:   map[string]string{"max_execution_time": "300"},
		},
		Privacy: embedded.Access{Grants: []string{"GRANT SELECT ON rcu.people", "GRANT SELECT ON rcu.view"}},
	})
	admin(t, c, "CREATE TABLE rcu.people (id UInt32, email String) ENGINE = MergeTree ORDER BY id")
	admin(t, c, "INSERT INTO rcu.people VALUES (1, 'planted@example.com')")
	admin(t, c, "CREATE VIEW rcu.view DEFINER = rcu SQL SECURITY DEFINER AS SELECT id FROM rcu.people")
	tests := []struct {
		name, user, password, sql string
		ok                        bool
		answer                    string
	}{
		{"the administrator reads a setting", "rcu", c.Password("rcu"), "SELECT value FROM system.settings WHERE name = 'async_insert'", true, "0"},
		{"the analyst reads a view", "analyst", c.Password("analyst"), "SELECT id FROM rcu.view", true, "1"},
		{"the analyst does not read what is below", "analyst", c.Password("analyst"), "SELECT email FROM rcu.people", false, "ACCESS_DENIED"},
		{"the analyst does not write", "analyst", c.Password("analyst"), "INSERT INTO rcu.people VALUES (2, 'x')", false, "ACCESS_DENIED"},
		{"the analyst does not read files", "analyst", c.Password("analyst"), "SELECT * FROM file('/etc/passwd', 'LineAsString')", false, "ACCESS_DENIED"},
		{"the analyst does not reach the network", "analyst", c.Password("analyst"), "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')", false, "ACCESS_DENIED"},
		{"the analyst lifts no limit", "analyst", c.Password("analyst"), "SELECT 1 SETTINGS max_execution_time = 100000", false, "SETTING_CONSTRAINT_VIOLATION"},
		{"the analyst sees nothing that was deleted", "analyst", c.Password("analyst"), "SELECT 1 SETTINGS apply_deleted_mask = 0", false, "SETTING_CONSTRAINT_VIOLATION"},
		{"privacy has limits too", "privacy", c.Password("privacy"), "SELECT 1 SETTINGS max_execution_time = 100000", false, "SETTING_CONSTRAINT_VIOLATION"},
		{"privacy reads people", "privacy", c.Password("privacy"), "SELECT email FROM rcu.people", true, "planted@example.com"},
		{"a wrong password", "rcu", "wrong", "SELECT 1", false, "AUTHENTICATION_FAILED"},
		{"the engine's own user from outside", "default", "", "SYSTEM STOP LISTEN HTTP", false, "QUOTA_EXCEEDED"},
		{"bad SQL", "rcu", c.Password("rcu"), "SELEC 1", false, "SYNTAX_ERROR"},
		{"alive after all that", "rcu", c.Password("rcu"), "SELECT 1", true, "1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 3 { // the second refused log-in is the one that once ended the engine
				status, body := ask(t, c, tt.user, tt.password, tt.sql)
				require.Contains(t, body, tt.answer)
				require.Equal(t, tt.ok, status == http.StatusOK, body)
			}
		})
	}
	log, err := os.ReadFile(filepath.Join(c.Dir(), "clickhouse.log"))
	require.NoError(t, err)
	require.NotContains(t, string(log), "planted@example.com")
}
