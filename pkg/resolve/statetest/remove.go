package statetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
)

// testRemoved: what is removed is gone, of a long value every piece; what moved meanwhile stays; whoever writes again begins with what is read.
func testRemoved(t *testing.T, c resolve.Cells) {
	r, ok := c.(resolve.Remover)
	require.True(t, ok)
	remove := func(x resolve.Cell) bool {
		gone, err := r.RemoveCells(t.Context(), []resolve.Cell{x})
		require.NoError(t, err)
		require.Len(t, gone, 1)
		return gone[0]
	}
	for _, key := range []string{"l:gone", "r:gone", "lo:gone"} {
		require.True(t, remove(resolve.Cell{Key: key}), "one that never was")
		require.True(t, commit(t, c, resolve.Cell{Key: key, Value: []byte(strings.Repeat(key, 40))}))
		old := load(t, c, key)
		require.True(t, commit(t, c, resolve.Cell{Key: key, Version: old.Version, Value: []byte(strings.Repeat(key, 41))}))
		require.False(t, remove(old), "somebody wrote it meanwhile")
		now := load(t, c, key)
		require.Len(t, now.Value, 41*len(key))
		require.True(t, remove(now))
		require.True(t, remove(load(t, c, key)), "again")
		empty := load(t, c, key)
		require.Empty(t, empty.Value)
		require.True(t, commit(t, c, resolve.Cell{Key: key, Version: empty.Version, Value: []byte("new")}))
		require.Greater(t, load(t, c, key).Version, now.Version)
	}
	testRemovedMembers(t, c, r)
}

func testRemovedMembers(t *testing.T, c resolve.Cells, r resolve.Remover) {
	for _, n := range []int{1, 3, 30, 60} { // the last is more than a bucket takes
		set := fmt.Sprint("li:some", n)
		var all []resolve.Member
		for i := range n {
			all = append(all, resolve.Member{Set: set, Member: resolve.LeafMember([]string{"shop", "bank"}[i/2%2], fmt.Appendf(nil, "leaf-%011d", i))})
		}
		require.NoError(t, r.RemoveMembers(t.Context(), all), "of a set that never was")
		require.NoError(t, c.AddMembers(t.Context(), all))
		var some []resolve.Member
		var left []string
		for i, m := range all {
			if i%3 == 0 {
				some = append(some, m)
			} else {
				left = append(left, m.Member)
			}
		}
		for range 2 {
			require.NoError(t, r.RemoveMembers(t.Context(), some))
			got, err := c.Members(t.Context(), []string{set})
			require.NoError(t, err)
			assert.ElementsMatch(t, left, got[0])
		}
		require.NoError(t, r.RemoveMembers(t.Context(), all))
		got, err := c.Members(t.Context(), []string{set})
		require.NoError(t, err)
		assert.Empty(t, got[0])
		require.NoError(t, c.AddMembers(t.Context(), all[:1]))
		got, err = c.Members(t.Context(), []string{set})
		require.NoError(t, err)
		assert.Equal(t, []string{all[0].Member}, got[0])
	}
}
