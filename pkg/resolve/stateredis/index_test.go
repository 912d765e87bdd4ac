package stateredis

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/match"
	"rcu/pkg/resolve/statetest"
)

func TestIndex(t *testing.T) {
	statetest.Index(t, func(t testing.TB) match.Index {
		t.Helper()
		return NewIndex(open(t))
	})
}

// Every key of the index is of a kind, and lists stay packed.
func TestIndex_keysAreKnownAndPacked(t *testing.T) {
	c := open(t)
	x := NewIndex(c)
	var b match.Block
	for n := range match.MaxBlockEntries {
		id := "00000000"[:8-len(strconv.Itoa(n))] + strconv.Itoa(n) + "--------"
		_, err := x.PutEntry(t.Context(), "s", match.Entry{ID: id, Blocks: []match.Block{b}})
		require.NoError(t, err)
	}
	require.NoError(t, x.PutSuggestion(t.Context(), "s", match.Suggestion{ID: "a"}, 5))
	keys, err := c.rdb.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	kinds := map[string]int{}
	for _, k := range keys {
		require.NotEmpty(t, KindOf(k), k)
		kinds[KindOf(k)]++
	}
	require.Equal(t, map[string]int{"match entry": match.MaxBlockEntries, "match block": 1, "match count": 1, "suggestions": 2}, kinds)
	bucket, _ := blockSpot("s", b)
	coding, err := c.rdb.ObjectEncoding(t.Context(), bucket).Result()
	require.NoError(t, err)
	require.Equal(t, "listpack", coding)
}

func TestIndex_entryThatIsNone(t *testing.T) {
	c := open(t)
	x := NewIndex(c)
	for _, raw := range []string{"x", "\x03" + "1234567812345678\x00", "\x011234567812345678\x02short"} {
		require.NoError(t, c.rdb.Set(t.Context(), entryKey("s", "12345678"), raw, 0).Err())
		_, err := x.Entry(t.Context(), "s", "1234567812345678")
		require.ErrorIs(t, err, ErrCorrupt)
	}
}

func FuzzDecodeEntry(f *testing.F) {
	f.Add(encodeEntry(&match.Entry{ID: "1234567812345678", Blocks: []match.Block{{1}, {2}}, Sealed: []byte("x")}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := decodeEntry(raw)
		if err == nil && e.ID != "" {
			require.Equal(t, raw, encodeEntry(&e))
		}
	})
}
