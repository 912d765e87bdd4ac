package warehouse_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/warehouse"
)

const tablesAndEngines = "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() AND engine = 'ReplacingMergeTree'"

// Every table merges as docs/adr/0058 has it, also one that a later migration makes; what an operator chose stays.
func TestMigrate_everyTableHasItsSettings(t *testing.T) {
	w := open(t)
	for _, row := range ask(t, w, tablesAndEngines) {
		for _, setting := range []string{"auto_statistics_types = ''", "merge_selector_base = 8", "merge_selector_enable_heuristic_to_remove_small_parts_at_right = 0"} {
			require.Contains(t, row["engine_full"], setting, row["name"])
		}
	}
	require.NoError(t, w.Exec(t.Context(), "ALTER TABLE events MODIFY SETTING merge_selector_base = 3"))
	require.NoError(t, w.Exec(t.Context(), "ALTER TABLE orders RESET SETTING merge_selector_base"))
	require.NoError(t, w.Migrate(t.Context()))
	for _, row := range ask(t, w, tablesAndEngines) {
		want := "merge_selector_base = 8"
		if row["name"] == "events" {
			want = "merge_selector_base = 3"
		}
		require.Contains(t, row["engine_full"], want, row["name"])
	}
}

// What no reader asks for is not made: statistics of every column, of each part anew.
func TestMerge_buildsNoStatistics(t *testing.T) {
	w := open(t)
	for range 2 {
		b := warehouse.NewProfiles()
		b.Append(&warehouse.ProfileRow{Controller: "ka", Space: "fr", RCUID: "01ab", Version: 3})
		insert(t, w, b)
	}
	require.NoError(t, w.Exec(t.Context(), "OPTIMIZE TABLE profiles FINAL")) //nolint:misspell // SQL
	require.Equal(t, 0.0, one(t, w, "SELECT countIf(notEmpty(statistics)) FROM system.parts_columns WHERE database = currentDatabase() AND table = 'profiles' AND active"))
}
