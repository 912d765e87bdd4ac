package warehouse_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
	"rcu/pkg/warehouse"
)

// TestRoles_serverScriptSaysWhatTheEmbeddedEngineDoes holds the script for servers to the access that the program gives out.
func TestRoles_serverScriptSaysWhatTheEmbeddedEngineDoes(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(testkit.Root(t), "deploy", "clickhouse", "roles.sql"))
	require.NoError(t, err)
	access := warehouse.AnalystGrants("rcu")

	var grants []string
	for _, m := range regexp.MustCompile(`(?m)^(GRANT .*) TO rcu_analyst;$`).FindAllStringSubmatch(string(raw), -1) {
		grants = append(grants, m[1])
	}
	require.ElementsMatch(t, access.Grants, grants)

	settings, fixed, most := map[string]string{}, []string{}, map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^    (\w+) = (\d+) (?:(CONST)|MAX (\d+))[,;]$`).FindAllStringSubmatch(string(raw), -1) {
		settings[m[1]] = m[2]
		if m[3] != "" {
			fixed = append(fixed, m[1])
		} else {
			most[m[1]] = m[4]
		}
	}
	require.Equal(t, access.Settings, settings)
	require.ElementsMatch(t, access.Fixed, fixed)
	require.Equal(t, access.AtMost, most)
}

// TestRoles_policyOfOneControllerCoversEveryView: a role has all that another one that it holds was granted, so a view without a policy shows the rows of
// every controller.
func TestRoles_policyOfOneControllerCoversEveryView(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(testkit.Root(t), "deploy", "clickhouse", "roles.sql"))
	require.NoError(t, err)
	_, policy, found := strings.Cut(string(raw), "CREATE ROW POLICY ")
	require.True(t, found)
	policy, _, found = strings.Cut(policy, "USING controller")
	require.True(t, found)
	var views []string
	for _, m := range regexp.MustCompile(`rcu\.(\w+)`).FindAllStringSubmatch(policy, -1) {
		views = append(views, m[1])
	}
	require.ElementsMatch(t, warehouse.AnalystViews(), views)
}

// TestAnalystViews_areAllViews: a view that is added is given to analysts, or named here with the reason.
func TestAnalystViews_areAllViews(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testkit.Root(t), "schemas", "clickhouse", "views", "*.sql"))
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		_, name, _ := strings.Cut(strings.TrimSuffix(filepath.Base(f), ".sql"), "_")
		names = append(names, name)
	}
	slices.Sort(names)
	require.Equal(t, warehouse.AnalystViews(), names)
}
