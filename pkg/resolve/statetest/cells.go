package statetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

// Cells runs the conformance suite of resolve.Cells; open gives an empty store.
func Cells(t *testing.T, open func(testing.TB) resolve.Cells) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, resolve.Cells){
		"absent":      testAbsent,
		"versions":    testVersions,
		"new version": testNewVersion,
		"bytes":       testBytes,
		"many":        testMany,
		"concurrency": testConcurrency,
		"sets":        testSets,
		"plain":       testPlain,
		"counter":     testCounter,
		"cancelled":   testCancelled,
		"removed":     testRemoved,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func load(t *testing.T, c resolve.Cells, key string) resolve.Cell {
	t.Helper()
	got, err := c.LoadCells(t.Context(), []string{key})
	require.NoError(t, err)
	require.Len(t, got, 1)
	return got[0]
}

func commit(t *testing.T, c resolve.Cells, cell resolve.Cell) bool {
	t.Helper()
	ok, err := c.CommitCells(t.Context(), []resolve.Cell{cell})
	require.NoError(t, err)
	require.Len(t, ok, 1)
	return ok[0]
}

func testAbsent(t *testing.T, c resolve.Cells) {
	got, err := c.LoadCells(t.Context(), []string{"l:a", "l:b"})
	require.NoError(t, err)
	assert.Equal(t, []resolve.Cell{{Key: "l:a"}, {Key: "l:b"}}, got)
	none, err := c.LoadCells(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, none)
	ok, err := c.CommitCells(t.Context(), nil)
	require.NoError(t, err)
	assert.Empty(t, ok)
}

func testVersions(t *testing.T, c resolve.Cells) {
	assert.False(t, commit(t, c, resolve.Cell{Key: "l:a", Version: 3, Value: []byte("x")}), "a version of nothing")
	assert.True(t, commit(t, c, resolve.Cell{Key: "l:a", Value: []byte("x")}))
	assert.False(t, commit(t, c, resolve.Cell{Key: "l:a", Value: []byte("late")}), "planned on absence")
	first := load(t, c, "l:a")
	assert.Equal(t, []byte("x"), first.Value)
	assert.NotZero(t, first.Version)
	assert.True(t, commit(t, c, resolve.Cell{Key: "l:a", Version: first.Version, Value: []byte("y")}))
	assert.False(t, commit(t, c, resolve.Cell{Key: "l:a", Version: first.Version, Value: []byte("z")}))
	second := load(t, c, "l:a")
	assert.Equal(t, []byte("y"), second.Value)
	assert.Greater(t, second.Version, first.Version)

	assert.True(t, commit(t, c, resolve.Cell{Key: "l:a", Version: second.Version}), "emptied")
	third := load(t, c, "l:a")
	assert.Empty(t, third.Value)
	assert.Greater(t, third.Version, second.Version, "versions never start over")
	assert.False(t, commit(t, c, resolve.Cell{Key: "l:a", Value: []byte("again")}))
}

// testNewVersion: who commits knows the versions that are stored then.
func testNewVersion(t *testing.T, c resolve.Cells) {
	long := strings.Repeat("x", 300)
	cells := []resolve.Cell{{Key: "l:a", Value: []byte("x")}, {Key: "cr:a", Value: []byte(long)}, {Key: "r:a", Value: []byte("y")}}
	keys := []string{"l:a", "cr:a", "r:a", "k:none", "l:none"}
	none, err := c.Versions(t.Context(), keys)
	require.NoError(t, err)
	assert.Equal(t, make([]uint64, len(keys)), none)
	for range 2 {
		before := slices.Clone(cells)
		ok, err := c.CommitCells(t.Context(), cells)
		require.NoError(t, err)
		require.Equal(t, []bool{true, true, true}, ok)
		stored, err := c.Versions(t.Context(), keys)
		require.NoError(t, err)
		for i, x := range cells {
			assert.Greater(t, x.Version, before[i].Version)
			assert.Equal(t, x.Version, stored[i])
			assert.Equal(t, x, load(t, c, x.Key))
		}
		assert.Zero(t, stored[3])
		assert.Zero(t, stored[4])
		late := before[0]
		assert.False(t, commit(t, c, late))
		refused := []resolve.Cell{late}
		_, err = c.CommitCells(t.Context(), refused)
		require.NoError(t, err)
		assert.Equal(t, late, refused[0], "a cell that was refused keeps the version it was planned on")
	}
}

func testBytes(t *testing.T, c resolve.Cells) {
	value := make([]byte, 0, 4096)
	for i := range 4096 {
		value = append(value, byte(i))
	}
	require.True(t, commit(t, c, resolve.Cell{Key: "l:bytes", Value: value}))
	assert.Equal(t, value, load(t, c, "l:bytes").Value)
	value[0] = 99
	assert.EqualValues(t, 0, load(t, c, "l:bytes").Value[0], "a value is copied")
	for range 300 {
		last := load(t, c, "l:many")
		require.True(t, commit(t, c, resolve.Cell{Key: "l:many", Version: last.Version, Value: []byte{1}}))
		require.Greater(t, load(t, c, "l:many").Version, last.Version)
	}
}

// testMany commits more than one pipeline, a third of it in conflict, some keys twice.
func testMany(t *testing.T, c resolve.Cells) {
	const n = 1200
	var cells []resolve.Cell
	var keys []string
	for i := range n {
		x := resolve.Cell{Key: fmt.Sprintf("l:%d", i), Value: fmt.Appendf(nil, "v%d", i)}
		if i%3 == 2 {
			x.Version = 7
		}
		cells, keys = append(cells, x), append(keys, x.Key)
	}
	cells = append(cells, cells[0])
	ok, err := c.CommitCells(t.Context(), cells)
	require.NoError(t, err)
	require.Len(t, ok, n+1)
	for i := range n {
		require.Equal(t, i%3 != 2, ok[i], i)
	}
	assert.False(t, ok[n], "the second of two commits of one key on one version")
	got, err := c.LoadCells(t.Context(), keys)
	require.NoError(t, err)
	require.Len(t, got, n)
	for i, x := range got {
		require.Equal(t, keys[i], x.Key)
		require.Equal(t, i%3 != 2, x.Version > 0, i)
	}
}

// testConcurrency: what several workers add to one cell is all there at the end.
func testConcurrency(t *testing.T, c resolve.Cells) {
	const workers, each = 8, 40
	var wg sync.WaitGroup
	errs := make(chan error, workers)
	for range workers {
		wg.Go(func() { errs <- increment(t.Context(), c, "l:counter", each) })
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	got := load(t, c, "l:counter")
	assert.EqualValues(t, workers*each, binary.BigEndian.Uint64(got.Value), "lost updates")
}

func increment(ctx context.Context, c resolve.Cells, key string, times int) error {
	for done := 0; done < times; {
		cells, err := c.LoadCells(ctx, []string{key})
		if err != nil {
			return err
		}
		n := uint64(1)
		if v := cells[0].Value; v != nil {
			n += binary.BigEndian.Uint64(v)
		}
		cells[0].Value = binary.BigEndian.AppendUint64(nil, n)
		ok, err := c.CommitCells(ctx, cells)
		if err != nil {
			return err
		}
		if ok[0] {
			done++
		}
	}
	return nil
}

func testSets(t *testing.T, c resolve.Cells) {
	leaf := []byte("0123456789abcdef")
	a, b := resolve.LeafMember("shop", leaf), resolve.LeafMember("bank", leaf)
	require.NoError(t, c.AddMembers(t.Context(), []resolve.Member{{Set: "li:x", Member: a}, {Set: "li:x", Member: b}, {Set: "li:y", Member: a}}))
	require.NoError(t, c.AddMembers(t.Context(), []resolve.Member{{Set: "li:x", Member: a}}))
	got, err := c.Members(t.Context(), []string{"li:x", "li:none", "li:y"})
	require.NoError(t, err)
	require.Len(t, got, 3)
	assert.Equal(t, []string{b, a}, got[0])
	assert.Empty(t, got[1])
	assert.Equal(t, []string{a}, got[2])

	var many []resolve.Member
	for i := range 1500 {
		many = append(many, resolve.Member{Set: "li:big", Member: resolve.LeafMember([]string{"shop", "bank"}[i%2], fmt.Appendf(nil, "leaf-%011d", i))})
	}
	require.NoError(t, c.AddMembers(t.Context(), many))
	got, err = c.Members(t.Context(), slices.Repeat([]string{"li:big"}, 3))
	require.NoError(t, err)
	require.Len(t, got, 3)
	assert.Len(t, got[2], 1500)
	assert.True(t, slices.IsSorted(got[2]))
}

func testPlain(t *testing.T, c resolve.Cells) {
	require.NoError(t, c.SetPlain(t.Context(), []resolve.Plain{{Key: "lo:a", Value: []byte("1")}, {Key: "lo:b", Value: []byte("2")}}))
	require.NoError(t, c.SetPlain(t.Context(), []resolve.Plain{{Key: "lo:a", Value: []byte("3")}}))
	got, err := c.GetPlain(t.Context(), []string{"lo:a", "lo:none", "lo:b"})
	require.NoError(t, err)
	assert.Equal(t, [][]byte{[]byte("3"), nil, []byte("2")}, got)
}

func testCounter(t *testing.T, c resolve.Cells) {
	last := int64(0)
	for _, n := range []int64{5, 1, 1000, 1} {
		got, err := c.Count(t.Context(), "n:a", n)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, got, last+n)
		last = got
	}
}

// testCancelled: a call whose context ended either did its work or says that it did not.
func testCancelled(t *testing.T, c resolve.Cells) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ok, err := c.CommitCells(ctx, []resolve.Cell{{Key: "l:cancelled", Value: []byte("x")}})
	if err != nil {
		assert.Nil(t, ok)
		return
	}
	assert.Equal(t, []bool{true}, ok)
	assert.NotZero(t, load(t, c, "l:cancelled").Version)
}

// CellKeys lists one key of every kind, as the key builders make them: for tests of slots.
func CellKeys() []string {
	k := identifier.Key{Namespace: identifier.Card, Value: strings.Repeat("\x7b", identifier.PseudonymSize)}
	leaf := []byte(strings.Repeat("{", resolve.LeafKeySize))
	return []string{
		resolve.LeafCell("s", "c", leaf), resolve.ReferenceCell("s", k), resolve.ConsentCell("s", "c", k), resolve.LeafIndex("s", k), resolve.OwnerValue("s", leaf),
	}
}
