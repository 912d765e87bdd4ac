package warehouse_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/warehouse"
)

func TestHistory(t *testing.T) {
	w := open(t)
	rows := []warehouse.IdentityChangeRow{
		{Space: "fr", ID: "7-0", Version: 7, Kind: "created", RCUID: "01aa", After: []string{"01aa"}, Identifiers: []string{"01aa", "01bb"}, CauseKind: "event", CauseID: "ee", At: at(0)},
		{Space: "fr", ID: "9-10", Version: 9, Kind: "split", RCUID: "01aa", Before: []string{"01aa"}, After: []string{"01aa", "01bb"}, Identifiers: []string{"01aa", "01bb"}, CauseKind: "act", CauseID: "ac", At: at(time.Hour)},
		{Space: "fr", ID: "9-9", Version: 9, Kind: "banned", RCUID: "01aa", Identifiers: []string{"01aa", "01b'b"}, Reason: "ban", At: at(time.Hour)},
		{Space: "fr", ID: "9-8", Version: 9, Kind: "deactivated", RCUID: "01aa", Identifiers: []string{"01aa", "01bb"}, At: at(time.Hour)},
		{Space: "fr", ID: "8-0", Version: 8, Kind: "created", RCUID: "01cc", After: []string{"01cc"}, Identifiers: []string{"01cc"}, At: at(0)},
		{Space: "uk", ID: "6-0", Version: 6, Kind: "created", RCUID: "01aa", After: []string{"01aa"}, Identifiers: []string{"01aa"}, At: at(0)},
	}
	for range 2 { // delivered twice
		b := warehouse.NewIdentityChanges()
		for i := range rows {
			b.Append(&rows[i])
		}
		insert(t, w, b)
	}
	ids := func(limit int, names ...string) (out []string, more bool) {
		found, more, err := w.History(t.Context(), "fr", names, limit)
		require.NoError(t, err)
		for _, r := range found {
			out = append(out, r.ID)
		}
		return out, more
	}
	got, more := ids(10, "01aa")
	require.Equal(t, []string{"9-10", "9-9", "7-0"}, got, "the newest first, each once")
	require.False(t, more)
	got, more = ids(2, "01aa", "01zz")
	require.Equal(t, []string{"9-10", "9-9"}, got)
	require.True(t, more)
	got, _ = ids(10, "01b'b")
	require.Equal(t, []string{"9-9"}, got, "a name is a value, whatever it holds")
	got, _ = ids(10)
	require.Empty(t, got)

	found, _, err := w.History(t.Context(), "fr", []string{"01aa"}, 1)
	require.NoError(t, err)
	want := rows[1]
	require.Equal(t, want, found[0])

	plan := fmt.Sprint(ask(t, w, "EXPLAIN indexes = 1 SELECT id FROM identity_changes WHERE controller = '' AND space = 'fr' AND hasAny(identifiers, ['01aa'])"))
	require.Contains(t, plan, "by_identifier", "the history of one record must not read the table")
}
