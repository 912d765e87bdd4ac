package stateredis

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
)

// valuesOf makes cells of a kind that fill its first level and go on in the second.
func valuesOf(kind string, from, n int) []resolve.Cell {
	cells := make([]resolve.Cell, n)
	for i := range cells {
		cells[i] = resolve.Cell{Key: fmt.Sprintf("%s:s:%d", kind, from+i), Value: fmt.Appendf(nil, "v%d", from+i)}
	}
	return cells
}

func namesOf(cells []resolve.Cell) []string {
	keys := make([]string, len(cells))
	for i, c := range cells {
		keys[i] = c.Key
	}
	return keys
}

// unreadable says how many cells are not read as they are.
func unreadable(t *testing.T, by *Cells, want []resolve.Cell) (wrong int) {
	t.Helper()
	got, err := by.LoadCells(t.Context(), namesOf(want))
	require.NoError(t, err)
	for i := range got {
		if string(got[i].Value) != string(want[i].Value) {
			wrong++
		}
	}
	return wrong
}

// learned reads until a process knows all full buckets of the first level.
func learned(t *testing.T, by *Cells, cells []resolve.Cell) {
	t.Helper()
	for by.full.count < 200 {
		before := by.full.count
		require.Zero(t, unreadable(t, by, cells[:2000]))
		if by.full.count == before {
			break
		}
	}
	require.Greater(t, by.full.count, 100)
}

// TestFullBucketsAreNotAsked: who knows the names in the full buckets asks one level, for what is there and for what is not, and finds
// what others put into the buckets that still have room.
func TestFullBucketsAreNotAsked(t *testing.T) {
	c := open(t)
	one, other := NewCells(c), NewCells(c)
	cells := valuesOf("r", 0, 34_000)
	_, err := one.CommitCells(t.Context(), slices.Clone(cells))
	require.NoError(t, err)
	require.Equal(t, 2, one.levels.of("r"))
	learned(t, one, cells)

	rec := &recorder{}
	c.rdb.AddHook(rec)
	few := valuesOf("r", 100_000, 500)
	require.Equal(t, 500, unreadable(t, one, few), "nobody wrote them")
	asked := len(rec.pipes[0]) - 2 // but the number of levels and the life
	require.Less(t, asked, 700)

	_, err = other.CommitCells(t.Context(), slices.Clone(few))
	require.NoError(t, err)
	require.Zero(t, unreadable(t, one, few))
	for range 3 {
		require.Zero(t, unreadable(t, one, cells))
		got, err := one.LoadCells(t.Context(), namesOf(cells))
		require.NoError(t, err)
		written, err := one.CommitCells(t.Context(), got)
		require.NoError(t, err)
		require.NotContains(t, written, false)
		require.Zero(t, unreadable(t, other, cells))
	}
}

// TestFullBucketsOfAnotherLife: a store that was wiped and filled again, in another order, is read as it is.
func TestFullBucketsOfAnotherLife(t *testing.T) {
	wrong := func() int {
		c := open(t)
		require.NoError(t, c.rdb.FlushAll(t.Context()).Err())
		one, other := NewCells(c), NewCells(c)
		cells := valuesOf("cr", 0, 34_000)
		_, err := one.CommitCells(t.Context(), slices.Clone(cells))
		require.NoError(t, err)
		learned(t, one, cells)
		require.NoError(t, c.rdb.FlushAll(t.Context()).Err())
		turned := slices.Clone(cells)
		slices.Reverse(turned)
		_, err = other.CommitCells(t.Context(), turned)
		require.NoError(t, err)
		return unreadable(t, one, cells)
	}
	require.Zero(t, wrong())
	faults.oldLives = true
	defer func() { faults.oldLives = false }()
	require.Positive(t, wrong(), "the fault goes unseen")
}

// TestFullBucketsWithRoom: what has room takes new values, so it must be asked.
func TestFullBucketsWithRoom(t *testing.T) {
	wrong := func() int {
		c := open(t)
		require.NoError(t, c.rdb.FlushAll(t.Context()).Err())
		one, other := NewCells(c), NewCells(c)
		require.NoError(t, one.raise(t.Context(), "k", 2))
		cells := valuesOf("k", 0, 1_000)
		for range 20 {
			unreadable(t, one, cells)
		}
		_, err := other.CommitCells(t.Context(), slices.Clone(cells))
		require.NoError(t, err)
		return unreadable(t, one, cells)
	}
	require.Zero(t, wrong())
	faults.anyFull = true
	defer func() { faults.anyFull = false }()
	require.Positive(t, wrong(), "the fault goes unseen")
}
