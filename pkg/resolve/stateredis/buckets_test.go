package stateredis

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
)

// TestBucketsOverflowIntoTheNextLevel fills the first level of a kind: what does not fit goes on, is found by who knows and by who does
// not know that there is a second one, and no value is in both.
func TestBucketsOverflowIntoTheNextLevel(t *testing.T) {
	c := open(t)
	one, other := NewCells(c), NewCells(c)
	var cells []resolve.Cell
	for i := range 60_000 {
		cells = append(cells, resolve.Cell{Key: fmt.Sprintf("r:s:%d", i), Value: fmt.Appendf(nil, "v%d", i)})
	}
	early, err := other.LoadCells(t.Context(), []string{cells[59_999].Key})
	require.NoError(t, err)
	require.Zero(t, early[0].Version)
	written, err := one.CommitCells(t.Context(), slices.Clone(cells))
	require.NoError(t, err)
	require.NotContains(t, written, false)
	assert.Equal(t, 2, one.levels.of("r"))
	assert.Equal(t, 1, other.levels.of("r"))

	again, err := other.CommitCells(t.Context(), slices.Clone(cells))
	require.NoError(t, err)
	assert.NotContains(t, again, true, "a value that is there was written as new")
	for _, by := range []*Cells{one, NewCells(c)} {
		keys := make([]string, len(cells))
		for i, x := range cells {
			keys[i] = x.Key
		}
		got, err := by.LoadCells(t.Context(), keys)
		require.NoError(t, err)
		for i := range got {
			require.Equal(t, cells[i].Value, got[i].Value, i)
			got[i].Value = []byte("next")
		}
		written, err = by.CommitCells(t.Context(), got)
		require.NoError(t, err)
		require.NotContains(t, written, false)
		for i := range cells {
			cells[i].Value = []byte("next")
		}
	}
	keys, err := c.rdb.Keys(t.Context(), "r:*").Result()
	require.NoError(t, err)
	fields := int64(0)
	for _, k := range keys {
		n, err := c.rdb.HLen(t.Context(), k).Result()
		require.NoError(t, err)
		fields += n
		coding, err := c.rdb.ObjectEncoding(t.Context(), k).Result()
		require.NoError(t, err)
		require.Equal(t, "listpack", coding)
	}
	assert.EqualValues(t, 60_000, fields, "each value once")
	var last []string // most of them lie in the second level
	for _, x := range cells[59_500:] {
		last = append(last, x.Key)
	}
	long := slices.Repeat([]byte("x"), 3*pieceSize)
	got, err := one.LoadCells(t.Context(), last)
	require.NoError(t, err)
	for i := range got {
		got[i].Value = long
	}
	written, err = one.CommitCells(t.Context(), got)
	require.NoError(t, err)
	require.NotContains(t, written, false)
	got, err = other.LoadCells(t.Context(), last)
	require.NoError(t, err)
	for i := range got {
		require.Equal(t, long, got[i].Value, "a value of several pieces")
	}
}

// TestSmallValuesOfAnyLength: a value grows and shrinks over the bounds of pieces.
func TestSmallValuesOfAnyLength(t *testing.T) {
	cells := NewCells(open(t))
	for _, n := range []int{0, 1, 58, 59, 60, 63, 64, 65, 122, 123, 124, 200, 4000, 16_380, 16_383, 100_000, 64, 3, 123, 0, 59} {
		got, err := cells.LoadCells(t.Context(), []string{"cr:s:c:x"})
		require.NoError(t, err)
		got[0].Value = bytes.Repeat([]byte{byte(n)}, n)
		before := got[0].Version
		written, err := cells.CommitCells(t.Context(), got)
		require.NoError(t, err)
		require.Equal(t, []bool{true}, written)
		after, err := cells.LoadCells(t.Context(), []string{"cr:s:c:x"})
		require.NoError(t, err)
		require.True(t, bytes.Equal(got[0].Value, after[0].Value), n)
		require.Greater(t, after[0].Version, before)
		require.Equal(t, got[0].Version, after[0].Version)
	}
}

// TestLeafIndexOfManyLeaves: a till's e-mail names thousands of leaves, whoever lists them in whatever portions.
func TestLeafIndexOfManyLeaves(t *testing.T) {
	cells := NewCells(open(t))
	var want []string
	for i := range 3_000 {
		m := resolve.LeafMember(fmt.Sprintf("shop-%d", i%7), fmt.Appendf(nil, "leaf-%011d", i))
		want = append(want, m)
		if i%5 == 0 {
			require.NoError(t, cells.AddMembers(t.Context(), []resolve.Member{{Set: "li:s:till", Member: m}}))
		}
	}
	var members []resolve.Member
	for _, m := range want {
		members = append(members, resolve.Member{Set: "li:s:till", Member: m})
	}
	require.NoError(t, cells.AddMembers(t.Context(), members))
	got, err := cells.Members(t.Context(), []string{"li:s:till", "li:s:none"})
	require.NoError(t, err)
	slices.Sort(want)
	assert.Equal(t, want, got[0])
	assert.Empty(t, got[1])
	assert.Error(t, cells.AddMembers(t.Context(), []resolve.Member{{Set: "li:s:till", Member: "none"}}))
}

func FuzzUnpackMembers(f *testing.F) {
	f.Add("\x04shop0123456789abcdef\x000123456789abcdeg\xff")
	f.Add("\x0400\x0000000000000000000") // a controller that holds the sign behind it
	f.Fuzz(func(t *testing.T, v string) {
		members, _, err := unpackMembers(v)
		if err != nil {
			return
		}
		for _, m := range members {
			if _, _, err := resolve.ParseLeafMember(m); err != nil {
				t.Fatalf("%q: %v", m, err)
			}
		}
	})
}
