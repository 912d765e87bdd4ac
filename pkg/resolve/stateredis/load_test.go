package stateredis

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statetest"
)

func TestLoading(t *testing.T) {
	c := open(t)
	statetest.Loading(t, func(testing.TB) resolve.GraphLoader { return NewGraph(c) }, 16)
}

func TestLives(t *testing.T) {
	c := open(t)
	for seed := range uint64(12) {
		require.Empty(t, statetest.Lives(t, NewGraph(c), seed, false))
	}
}

// Whatever comes last, the newest value stands, under the version of its changelog.
func TestPutCells(t *testing.T) {
	cells := NewCells(open(t))
	keys := statetest.CellKeys()[:3]
	put := func(version uint64, text string) {
		var all []resolve.Cell
		for _, k := range keys {
			all = append(all, resolve.Cell{Key: k, Version: version, Value: []byte(text)})
		}
		require.NoError(t, cells.PutCells(t.Context(), all))
	}
	long := strings.Repeat("long", 100)
	put(5, "five")
	put(9, long)
	put(7, "seven")
	put(9, "never")
	require.NoError(t, cells.PutCells(t.Context(), []resolve.Cell{
		{Key: "l:twice", Version: 3, Value: []byte("three")}, {Key: "l:twice", Version: 4, Value: []byte("four")}, {Key: "l:twice", Version: 2},
	}))
	got, err := cells.LoadCells(t.Context(), append(keys, "l:twice"))
	require.NoError(t, err)
	for i, k := range keys {
		require.Equal(t, resolve.Cell{Key: k, Version: 9, Value: []byte(long)}, got[i])
	}
	require.Equal(t, resolve.Cell{Key: "l:twice", Version: 4, Value: []byte("four")}, got[3])
	written, err := cells.CommitCells(t.Context(), []resolve.Cell{{Key: keys[0], Version: 9, Value: []byte("next")}})
	require.NoError(t, err)
	require.Equal(t, []bool{true}, written)
}
