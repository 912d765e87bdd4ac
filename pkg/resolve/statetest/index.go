package statetest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"rcu/pkg/match"
)

// Index runs the conformance suite of match.Index. open returns an empty one.
func Index(t *testing.T, open func(t testing.TB) match.Index) {
	t.Run("finds by blocks", func(t *testing.T) { testIndexFinds(t, open(t)) })
	t.Run("an entry moves and goes", func(t *testing.T) { testIndexMoves(t, open(t)) })
	t.Run("full blocks", func(t *testing.T) { testIndexFull(t, open(t)) })
	t.Run("removing keeps the others", func(t *testing.T) { testIndexRemoves(t, open(t)) })
	t.Run("several remove one at once", func(t *testing.T) { testIndexRemovesTogether(t, open(t)) })
	t.Run("suggestions", func(t *testing.T) { testSuggestions(t, open(t)) })
	t.Run("suggestions in pages", func(t *testing.T) { testSuggestionPages(t, open(t)) })
}

// entryID is an id whose beginning tells it apart.
func entryID(n int) string { return fmt.Sprintf("%08d--------", n) }

func block(n int) match.Block { return match.Block(fmt.Appendf(nil, "%08d", n)) }

func entry(n int, blocks ...int) match.Entry {
	e := match.Entry{ID: entryID(n), Sealed: fmt.Append(nil, "sealed ", n)}
	for _, b := range blocks {
		e.Blocks = append(e.Blocks, block(b))
	}
	return e
}

func put(t *testing.T, x match.Index, entries ...match.Entry) {
	t.Helper()
	for _, e := range entries {
		_, err := x.PutEntry(t.Context(), "s", e)
		require.NoError(t, err)
	}
}

// near lists the numbers of what is found under blocks.
func near(t *testing.T, x match.Index, most int, blocks ...int) (out []string) {
	t.Helper()
	found, err := x.Near(t.Context(), "s", entry(0, blocks...).Blocks, most)
	require.NoError(t, err)
	for _, e := range found {
		out = append(out, strings.TrimLeft(e.ID[:8], "0"))
	}
	return out
}

func testIndexFinds(t *testing.T, x match.Index) {
	put(t, x, entry(1, 10, 20), entry(2, 10, 30), entry(3, 10), entry(4, 40))
	require.Equal(t, []string{"1", "2", "3"}, near(t, x, 10, 10, 20, 99), "the rarest block in common first, then by id")
	require.Equal(t, []string{"1"}, near(t, x, 1, 10, 20))
	require.Empty(t, near(t, x, 10, 99))
	found, err := x.Near(t.Context(), "s", []match.Block{block(40)}, 5)
	require.NoError(t, err)
	require.Equal(t, []match.Entry{entry(4, 40)}, found, "an entry is found whole")
	found, err = x.Near(t.Context(), "other", []match.Block{block(10)}, 5)
	require.NoError(t, err)
	require.Empty(t, found, "spaces do not see each other")
	e, err := x.Entry(t.Context(), "s", entryID(1))
	require.NoError(t, err)
	require.Equal(t, entry(1, 10, 20), e)
	e, err = x.Entry(t.Context(), "s", entryID(7))
	require.NoError(t, err)
	require.Empty(t, e.ID)
	n, err := x.CountEntries(t.Context(), "s")
	require.NoError(t, err)
	require.EqualValues(t, 4, n)
	require.NoError(t, x.SetCompared(t.Context(), "s", entry(1, 10, 20)))
	compared := entry(1, 10, 20)
	compared.Compared = true
	e, err = x.Entry(t.Context(), "s", entryID(1))
	require.NoError(t, err)
	require.Equal(t, compared, e)
	require.NoError(t, x.SetCompared(t.Context(), "s", entry(7)))
	e, err = x.Entry(t.Context(), "s", entryID(7))
	require.NoError(t, err)
	require.Empty(t, e.ID, "what is gone stays gone")
	_, err = x.PutEntry(t.Context(), "s", match.Entry{ID: "short"})
	require.ErrorIs(t, err, match.ErrEntry)
}

func testIndexMoves(t *testing.T, x match.Index) {
	put(t, x, entry(1, 10, 20), entry(2, 10), entry(1, 20, 30), entry(1, 20, 30))
	require.Equal(t, []string{"2"}, near(t, x, 10, 10), "what it is no longer listed under")
	require.Equal(t, []string{"1"}, near(t, x, 10, 20))
	require.Equal(t, []string{"1"}, near(t, x, 10, 30))
	n, err := x.CountEntries(t.Context(), "s")
	require.NoError(t, err)
	require.EqualValues(t, 2, n, "to put it again adds none")
	require.NoError(t, x.RemoveEntry(t.Context(), "s", entryID(1)))
	require.NoError(t, x.RemoveEntry(t.Context(), "s", entryID(1)))
	require.Empty(t, near(t, x, 10, 20, 30))
	e, err := x.Entry(t.Context(), "s", entryID(1))
	require.NoError(t, err)
	require.Empty(t, e.ID)
	n, err = x.CountEntries(t.Context(), "s")
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}

func testIndexFull(t *testing.T, x match.Index) {
	for n := 1; n <= match.MaxBlockEntries; n++ {
		full, err := x.PutEntry(t.Context(), "s", entry(n, 10))
		require.NoError(t, err)
		require.Zero(t, full)
	}
	full, err := x.PutEntry(t.Context(), "s", entry(1000, 10, 20))
	require.NoError(t, err)
	require.Equal(t, 1, full)
	require.Len(t, near(t, x, 100, 10), match.MaxBlockEntries)
	require.Equal(t, []string{"1000"}, near(t, x, 1, 20), "it is found by its other blocks")
	full, err = x.PutEntry(t.Context(), "s", entry(3, 10))
	require.NoError(t, err)
	require.Zero(t, full, "what is listed has its room")
	require.NoError(t, x.RemoveEntry(t.Context(), "s", entryID(5)))
	full, err = x.PutEntry(t.Context(), "s", entry(1000, 10, 20))
	require.NoError(t, err)
	require.Zero(t, full, "who goes makes room")
	require.Contains(t, near(t, x, 100, 10), "1000")
}

// testIndexRemoves takes entries out of a long list, in an order of its own, and finds the others each time.
func testIndexRemoves(t *testing.T, x match.Index) {
	left := map[string]bool{}
	for n := 1; n <= 40; n++ {
		put(t, x, entry(n, 10, 100+n))
		left[strconv.Itoa(n)] = true
	}
	for i := range 40 {
		n := 1 + (i*17)%40
		require.NoError(t, x.RemoveEntry(t.Context(), "s", entryID(n)))
		delete(left, strconv.Itoa(n))
		found := near(t, x, 100, 10)
		require.Len(t, found, len(left))
		for _, id := range found {
			require.True(t, left[id], id)
		}
	}
}

func testIndexRemovesTogether(t *testing.T, x match.Index) {
	for n := range 20 {
		put(t, x, entry(n, 1000+n), entry(n+100, 2000+n))
		var all errgroup.Group
		for range 8 {
			all.Go(func() error { return x.RemoveEntry(t.Context(), "s", entryID(n)) })
		}
		require.NoError(t, all.Wait())
	}
	count, err := x.CountEntries(t.Context(), "s")
	require.NoError(t, err)
	require.EqualValues(t, 20, count, "who is gone is counted out once")
}

func suggestion(id string, weight float64) match.Suggestion {
	return match.Suggestion{
		ID: id, Weight: weight, Since: 1_700_000_000, A: match.Identifier{Namespace: "card", Pseudonym: []byte{1, 0xff, 3}},
		B: match.Identifier{Namespace: "phone", Pseudonym: []byte{2}}, Records: [2]string{"aa", "bb"},
		Steps: []match.Step{{Comparison: "given", Level: "close", Bits: 6.5}},
	}
}

func testSuggestions(t *testing.T, x match.Index) {
	for i, id := range []string{"a", "b", "c", "d"} {
		require.NoError(t, x.PutSuggestion(t.Context(), "s", suggestion(id, float64(i)), 3))
	}
	require.NoError(t, x.PutSuggestion(t.Context(), "s", suggestion("b", 9), 3))
	list, next, err := x.Suggestions(t.Context(), "s", "", 10)
	require.NoError(t, err)
	require.Empty(t, next)
	require.Equal(t, []match.Suggestion{suggestion("b", 9), suggestion("d", 3), suggestion("c", 2)}, list, "the lightest was dropped")
	n, err := x.CountSuggestions(t.Context(), "s")
	require.NoError(t, err)
	require.EqualValues(t, 3, n)
	require.NoError(t, x.RemoveSuggestions(t.Context(), "s", []string{"d", "unknown"}))
	require.NoError(t, x.RemoveSuggestions(t.Context(), "s", nil))
	list, _, err = x.Suggestions(t.Context(), "s", "", 10)
	require.NoError(t, err)
	require.Len(t, list, 2)
	list, next, err = x.Suggestions(t.Context(), "other", "", 10)
	require.NoError(t, err)
	require.Empty(t, list)
	require.Empty(t, next)
}

func testSuggestionPages(t *testing.T, x match.Index) {
	for n := range 25 {
		require.NoError(t, x.PutSuggestion(t.Context(), "s", suggestion(fmt.Sprintf("p%02d", n), float64(n/3)), 100))
	}
	var all []string
	after := ""
	for page := 0; ; page++ {
		list, next, err := x.Suggestions(t.Context(), "s", after, 4)
		require.NoError(t, err)
		for _, s := range list {
			all = append(all, s.ID)
		}
		if page == 1 { // one that was listed goes meanwhile
			require.NoError(t, x.RemoveSuggestions(t.Context(), "s", []string{all[0]}))
		}
		if after = next; next == "" {
			break
		}
	}
	require.Len(t, all, 25)
	require.Equal(t, "p24", all[0])
	require.Equal(t, "p00", all[24])
	_, _, err := x.Suggestions(t.Context(), "s", "nonsense", 4)
	require.ErrorIs(t, err, match.ErrPlace)
}
