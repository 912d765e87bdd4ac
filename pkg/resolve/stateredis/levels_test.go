package stateredis

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A server that lost its last writes may have forgotten that a kind has more levels: whoever knows tells it again.
func TestLevelsAreToldAgain(t *testing.T) {
	c := open(t)
	cells := NewCells(c)
	require.NoError(t, cells.raise(t.Context(), "cr", 2))
	require.NoError(t, c.rdb.Del(t.Context(), levelsKey("cr")).Err())
	_, err := cells.LoadCells(t.Context(), []string{"cr:x"})
	require.NoError(t, err)
	n, err := c.rdb.Get(t.Context(), levelsKey("cr")).Int()
	require.NoError(t, err)
	require.Equal(t, 2, n)
}
