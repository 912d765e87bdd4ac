package stateredis

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
)

// bucketsHold reports whether any field of a bucket of a kind holds some bytes.
func bucketsHold(t *testing.T, c *Client, kind, secret string) bool {
	t.Helper()
	keys, err := c.rdb.Keys(t.Context(), kind+":*").Result()
	require.NoError(t, err)
	for _, k := range keys {
		if name, err := c.rdb.Type(t.Context(), k).Result(); err != nil || name != "hash" {
			require.NoError(t, err)
			continue
		}
		fields, err := c.rdb.HGetAll(t.Context(), k).Result()
		require.NoError(t, err)
		for _, v := range fields {
			if strings.Contains(v, secret) {
				return true
			}
		}
	}
	return false
}

// What was longer before leaves nothing behind: not when it is removed, not when a shorter value is written over it.
func TestNoPieceOfALongerValueStays(t *testing.T) {
	c := open(t)
	s := NewCells(c)
	put := func(x resolve.Cell) resolve.Cell {
		ok, err := s.CommitCells(t.Context(), []resolve.Cell{x})
		require.NoError(t, err)
		require.Equal(t, []bool{true}, ok)
		got, err := s.LoadCells(t.Context(), []string{x.Key})
		require.NoError(t, err)
		require.Equal(t, x.Value, got[0].Value)
		return got[0]
	}
	for n, length := range []int{30, 64, 100, 200, 3000} {
		for _, left := range []int{0, 10, 60, 100} {
			key := fmt.Sprintf("r:s:%d:%d", n, left)
			x := put(resolve.Cell{Key: key, Value: []byte(strings.Repeat("secret", length/6))})
			require.True(t, bucketsHold(t, c, "r", "secret"))
			if left > 0 {
				x.Value = []byte(strings.Repeat("plain", left/5))
				x = put(x)
				require.False(t, bucketsHold(t, c, "r", "secre"))
				x.Value = []byte(strings.Repeat("secret", length/6))
				x = put(x)
			}
			gone, err := s.RemoveCells(t.Context(), []resolve.Cell{x})
			require.NoError(t, err)
			require.Equal(t, []bool{true}, gone)
			require.False(t, bucketsHold(t, c, "r", "secre"))
		}
	}
}
