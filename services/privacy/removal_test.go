package privacy_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/services/internal/rebuild"
	"rcu/services/privacy"
)

// TestErasedBytesAreGone: a person beside somebody who shares a landline and an order with them. Redis built anew brings nothing back.
func TestErasedBytesAreGone(t *testing.T) {
	h := newHousehold(t)
	require.NotEmpty(t, h.filesWith(h.mail.Value))
	h.erases()
	h.tables.replaced = 3
	records, suggestions := h.matched()
	require.Len(t, records, 3)
	require.Len(t, suggestions, 5)
	h.removes()
	records, suggestions = h.matched()
	require.Equal(t, []string{string(h.otherLeaf)}, records)
	require.Equal(t, []string{"other-stranger"}, suggestions)
	h.rebuilds()
	h.isGone()
	h.gone()
}

// TestARemovalWaitsForFiles: rows that are deleted lie in files of ClickHouse for a while, and nobody is removed until then.
func TestARemovalWaitsForFiles(t *testing.T) {
	h := newHousehold(t)
	h.erases()
	h.tables.replaced, h.until = 1000, 6
	h.removes()
	require.NotEmpty(t, h.tables.erased, "the rows are deleted")
	require.Less(t, h.tables.replaced, 1000, "and their files looked for")
	for _, e := range h.entries() {
		require.Zero(t, e.RemovedAt, "they are still there")
	}
	h.tables.replaced, h.until = 0, 0
	h.removes()
	h.gone()
}

// rebuilds wipes Redis and makes it from the changelogs, which nobody compacted yet.
func (h *household) rebuilds() {
	h.t.Helper()
	_, err := rebuild.Redis(h.t.Context(), rebuild.Config{Wipe: true}, rebuild.Deps{Stream: h.stream, Redis: h.redis})
	require.NoError(h.t, err)
	h.cells = stateredis.NewCells(h.redis)
	h.reader = resolve.NewReader(h.graph, h.cells)
}

// TestARemovalThatIsKilledAnywhereEndsTheSame stops it behind every step.
func TestARemovalThatIsKilledAnywhereEndsTheSame(t *testing.T) {
	h := newHousehold(t)
	h.erases()
	stops := 0
	privacy.Plant(t, privacy.Faults{StopAt: func(step string) bool {
		if h.stopped[step] {
			return false
		}
		h.stopped[step] = true
		stops++
		return true
	}})
	h.removes()
	require.GreaterOrEqual(t, stops, 12)
	records, suggestions := h.matched()
	require.Equal(t, []string{string(h.otherLeaf)}, records)
	require.Equal(t, []string{"other-stranger"}, suggestions)
	h.rebuilds()
	h.isGone()
	h.gone()
}

// TestWhatHappenedAfterTheErasureStays: a card that was passed on may be somebody else's. It is not removed, and shows as open.
func TestWhatHappenedAfterTheErasureStays(t *testing.T) {
	h := newHousehold(t)
	later := h.folds("d", identity.Leaf{First: h.card, Second: h.mail}, h.received+100)
	h.erases()
	h.removes()
	people, err := h.reader.People(t.Context(), space, []identifier.Key{h.card}, h.received)
	require.NoError(t, err)
	require.Len(t, people[0].Leaves, 1)
	require.Equal(t, later, people[0].Leaves[0].Key)
	for _, e := range h.entries() {
		require.Equal(t, e.Pseudonym != idOf(h.own), e.RemovedAt == 0, e.Namespace)
	}
}

func TestRemovalFaults(t *testing.T) {
	for name, f := range map[string]privacy.Faults{
		"a changelog is told once": {ToldOnce: true}, "a leaf is left": {LeafStays: true}, "an edge is left": {EdgesStay: true},
		"entries of the matcher are left": {MatchesStay: true}, "files of ClickHouse are not waited for": {FilesStay: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHousehold(t)
			h.erases()
			privacy.Plant(t, f)
			h.until, h.tables.replaced = 6, 1
			if f.FilesStay {
				h.tables.replaced = 1000
			}
			h.removes()
			h.broker.Cluster().Compact()
			found := len(h.filesWith(h.mail.Value))
			if f.LeafStays {
				people, err := h.reader.People(t.Context(), space, []identifier.Key{h.card}, h.received)
				require.NoError(t, err)
				found = len(people[0].Leaves)
			}
			switch {
			case f.MatchesStay:
				found = len(h.filesWith(string(h.leaf)))
			case f.FilesStay:
				found = h.tables.replaced
			}
			require.Positive(t, found)
			unseen := f.ToldOnce || f.MatchesStay || f.FilesStay
			for _, e := range h.entries() {
				require.True(t, e.Pseudonym == idOf(h.own) || unseen == (e.RemovedAt > 0), "who looks once more sees what stands in the state, and not what brokers keep")
			}
		})
	}
}
