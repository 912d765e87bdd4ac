package stateredis

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
)

// alike are keys of one bucket whose names begin alike: of six million such keys these were the first two.
var alike = [2]string{"r:s:1544538", "r:s:1842739"}

// Of a full bucket the starts of names are known. A value whose name begins like one of them, and that found no room there, is found where it lies, is
// written there, and is not there before.
func TestFullBuckets_namesThatBeginAlike(t *testing.T) {
	c := open(t)
	one, other := NewCells(c), NewCells(c)
	first, second := spotAt(t, alike[0]), spotAt(t, alike[1])
	require.Equal(t, first.bucket(0), second.bucket(0))
	require.Equal(t, first.start(), second.start())
	require.NotEqual(t, first.field, second.field)

	full := []resolve.Cell{{Key: alike[0], Value: []byte("first")}}
	for n := 0; len(full) < bucketRoom; n++ {
		if x := spotAt(t, fmt.Sprint("r:s:", n)); x.bucket(0) == first.bucket(0) {
			full = append(full, resolve.Cell{Key: fmt.Sprint("r:s:", n), Value: []byte("v")})
		}
	}
	put := func(by *Cells, cells ...resolve.Cell) {
		t.Helper()
		written, err := by.CommitCells(t.Context(), cells)
		require.NoError(t, err)
		require.NotContains(t, written, false)
	}
	put(other, full...)
	require.NoError(t, other.raise(t.Context(), "r", 2))
	read := func(by *Cells, key string) resolve.Cell {
		t.Helper()
		got, err := by.LoadCells(t.Context(), []string{key})
		require.NoError(t, err)
		return got[0]
	}
	for range 4 { // it learns of the second level, of the life of the kind, and of the bucket
		require.Equal(t, "first", string(read(one, alike[0]).Value))
	}
	require.Equal(t, 1, one.full.count)
	require.Zero(t, read(one, alike[1]).Version, "nobody wrote it")

	put(other, resolve.Cell{Key: alike[1], Value: []byte("second")})
	got := read(one, alike[1])
	require.Equal(t, "second", string(got.Value), "it lies in the next level")
	got.Value = []byte("again")
	put(one, got)
	require.Equal(t, "again", string(read(other, alike[1]).Value))
	require.Equal(t, "first", string(read(one, alike[0]).Value))
}

func spotAt(t *testing.T, key string) spot {
	t.Helper()
	x, ok := spotOf(key)
	require.True(t, ok)
	return x
}
