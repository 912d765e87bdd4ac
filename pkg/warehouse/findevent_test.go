package warehouse_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/warehouse"
)

// An event is found as its latest row has it, however many of its rows are not merged yet; another source's event of the same id is another event.
func TestFindEvents(t *testing.T) {
	w := open(t)
	require.NoError(t, w.Exec(t.Context(), "SYSTEM STOP MERGES events"))
	row := func(source, owner string, version uint64, received time.Duration) {
		f := fact("ka", leaf(1), "e-1", owner, "sale", "store")
		f.Source, f.Version, f.ReceivedAt = source, version, at(received)
		b := warehouse.NewEvents()
		b.Append(&warehouse.EventRow{Fact: f, Permissions: version})
		other := f
		other.EventID = "e-2"
		b.Append(&warehouse.EventRow{Fact: other})
		insert(t, w, b)
	}
	row("till-12", "01", 3, time.Second)
	row("till-12", "02", 7, 40*24*time.Hour) // another month: another partition
	row("till-12", "01", 5, time.Second)
	row("till-13", "03", 1, time.Second)
	require.Equal(t, 3.0, one(t, w, "SELECT count() FROM events WHERE event_id = 'e-1' AND source = 'till-12'"), "nothing is merged")

	found, err := w.FindEvents(t.Context(), "e-1", "")
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Equal(t, warehouse.StoredEvent{
		Controller: "ka", Space: "fr", Source: "till-12", EventID: "e-1", Type: "sale", Channel: "store", OccurredAt: at(0), ReceivedAt: at(40 * 24 * time.Hour),
		Permissions: 7, Written: "02", Owner: "02",
	}, found[0])
	require.Equal(t, "till-13", found[1].Source)

	found, err = w.FindEvents(t.Context(), "e-1", "till-13")
	require.NoError(t, err)
	require.Len(t, found, 1)
	found, err = w.FindEvents(t.Context(), "e-3", "")
	require.NoError(t, err)
	require.Empty(t, found)
}
