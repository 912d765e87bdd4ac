package resolver_test

import (
	"runtime/debug"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/testkit"
)

// tellPermitted makes one world of stories and judges it.
func tellPermitted(t *testing.T, seed uint64, first, stories int, broken sabotage, shown permitted) permitFinding {
	t.Helper()
	w := newPermitWorld(t, seed, broken)
	defer w.close() // thousands of worlds are made one after the other
	return w.tell(seed, first, stories, shown)
}

// tell lets a world live through stories, and judges it.
func (w *permitWorld) tell(seed uint64, first, stories int, shown permitted) permitFinding {
	w.t.Helper()
	var all []*story
	for i := range stories {
		all = append(all, newStory(first+i, seed))
	}
	w.live(all, 24)
	return w.judge(all, shown)
}

const (
	storiesAtOnce  = 40
	storiesInChunk = 1000 // of one subtest; as many as there are processors run side by side
	garbage        = 400  // percent of what is alive: a world is small, and makes much that is gone at once
)

// TestPermitted_wholeHistories tells random histories to the whole product, over all four channels, with merges, splits, late decisions,
// clocks that step and a resolver that is behind, and holds everything that it shows, keeps, counts or lets be sent to an independent reference: a grant
// for that very point, when it happened and now. RCU_TEST_HISTORIES says how many histories.
func TestPermitted_wholeHistories(t *testing.T) {
	tellAll(t, int(testkit.Histories(t, 200)))
}

// TestPermitted_manyWholeHistories tells twenty thousand; a million are told at night.
func TestPermitted_manyWholeHistories(t *testing.T) {
	testkit.Long(t)
	tellAll(t, 20_000)
}

func tellAll(t *testing.T, most int) {
	t.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(garbage))
	shown := permitted{}
	var mu sync.Mutex
	t.Run("chunks", func(t *testing.T) {
		for from := 0; from < most; from += storiesInChunk {
			t.Run(strconv.Itoa(from), func(t *testing.T) {
				t.Parallel()
				mine := permitted{}
				for n := from; n < min(from+storiesInChunk, most); n += storiesAtOnce {
					require.Empty(t, tellPermitted(t, uint64(n), n, storiesAtOnce, sabotage{}, mine), "from history %d", n)
				}
				mu.Lock()
				defer mu.Unlock()
				for what, n := range mine {
					shown[what] += n
				}
			})
		}
	})
	t.Log(shown)
	for _, what := range []string{"collected", "rows", "profiles", "reserve", "confirm", "kept alive", "confirm by a sale", "profile by a sale", "taken back by a card alone", "read marketing", "pages unify_behaviour", "pages personalise", "pages store_view_web", "mask marketing", "mask profiling"} {
		require.Positive(t, shown[what], what)
	}
	require.Zero(t, shown["pages contract"])
}
