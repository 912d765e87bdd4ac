package statetest

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
)

// Large is a history of a size at which components grow, split and overflow.
var Large = identitytest.Options{Events: 80, Decisions: 16, Acts: 8, Values: 6}

// Graph is what every resolve.GraphState has to do. fresh returns an empty one; histories is how many random ones to try.
func Graph(t *testing.T, fresh func(testing.TB) resolve.GraphState, histories int) {
	t.Run("an absent identifier collides with its first record", func(t *testing.T) { absence(t, fresh(t)) })
	t.Run("a record is written only as read", func(t *testing.T) { versions(t, fresh(t)) })
	t.Run("an older clock is refused", func(t *testing.T) { clocks(t, fresh(t)) })
	t.Run("an older rules version is refused", func(t *testing.T) { rules(t, fresh(t)) })
	t.Run("commits of one call succeed or fail apart", func(t *testing.T) { apart(t, fresh(t)) })
	t.Run("due index", func(t *testing.T) { due(t, fresh(t)) })
	t.Run("review queues", func(t *testing.T) { reviewQueues(t, fresh(t)) })
	t.Run("review queues are bounded", func(t *testing.T) { reviewBounded(t, fresh(t)) })
	t.Run("outbox", func(t *testing.T) { outbox(t, fresh(t)) })
	t.Run("walk over all components", func(t *testing.T) { scan(t, fresh(t)) })
	t.Run("spaces know nothing of each other", func(t *testing.T) { spaces(t, fresh(t)) })
	t.Run("confluence", func(t *testing.T) {
		state := fresh(t)
		for seed := range uint64(histories) {
			o := identitytest.Small
			switch seed % 8 {
			case 3:
				o = identitytest.Months
			case 7:
				o = Large
			}
			Confluence(t, state, fmt.Sprint("s", seed), seed, []int{1, 8, 2, 4}[seed%4], o)
		}
	})
	t.Run("rules change", func(t *testing.T) {
		state := fresh(t)
		for seed := range uint64(histories / 4) {
			RulesChange(t, state, fmt.Sprint("r", seed), seed)
		}
	})
	t.Run("rules never mix", func(t *testing.T) {
		state := fresh(t)
		for seed := range uint64(histories / 8) {
			NeverMixed(t, state, fmt.Sprint("n", seed), seed)
		}
	})
	t.Run("owners are told", func(t *testing.T) {
		state := fresh(t)
		for seed := range uint64(histories / 4) {
			OwnersTold(t, state, fmt.Sprint("o", seed), seed)
		}
	})
	t.Run("dry run", func(t *testing.T) {
		state := fresh(t)
		for seed := range uint64(histories / 4) {
			Trial(t, state, fmt.Sprint("t", seed), seed)
		}
	})
	t.Run("an act settles what a person looks at", func(t *testing.T) {
		state := fresh(t)
		for seed := range uint64(histories / 2) {
			Settled(t, state, fmt.Sprint("q", seed), seed)
		}
	})
	t.Run("export", func(t *testing.T) {
		state := fresh(t)
		for seed := range uint64(histories / 4) {
			Export(t, state, fmt.Sprint("e", seed), seed)
		}
	})
	t.Run("erased", func(t *testing.T) {
		state := fresh(t)
		for seed := range uint64(histories / 4) {
			Erased(t, state, fmt.Sprint("x", seed), seed)
		}
	})
	t.Run("reversible", func(t *testing.T) {
		state := fresh(t)
		for seed := range uint64(histories / 4) {
			Reversible(t, state, fmt.Sprint("b", seed), seed)
		}
	})
	t.Run("every prefix", func(t *testing.T) {
		state := fresh(t)
		for seed := range uint64(histories / 16) {
			Prefixes(t, state, fmt.Sprint("p", seed), seed)
		}
	})
}

const testSpace = "s"

func testKey(i int) identifier.Key {
	return identifier.Key{Namespace: identifier.Email, Value: fmt.Sprintf("email:%012d", i)}
}

// value is a packed record as far as a state looks at it.
func value(now int64, text string) []byte {
	b := make([]byte, resolve.RecordHeader)
	binary.BigEndian.PutUint64(b[8:], uint64(now))
	return append(b, text...)
}

func commitGraph(t testing.TB, s resolve.GraphState, c *resolve.GraphCommit) uint64 {
	t.Helper()
	v, err := s.CommitGraph(t.Context(), testSpace, []*resolve.GraphCommit{c})
	require.NoError(t, err)
	require.Len(t, v, 1)
	return v[0]
}

// create writes a first record of some identifiers.
func create(t testing.TB, s resolve.GraphState, now, boundary int64, keys ...identifier.Key) (resolve.ComponentKey, uint64) {
	t.Helper()
	c := &resolve.GraphCommit{Now: now, Writes: []resolve.RecordWrite{{Value: value(now, "x"), Moved: keys, Boundary: boundary}}}
	for _, k := range keys {
		c.Pointers = append(c.Pointers, resolve.PointerRead{Key: k})
	}
	version := commitGraph(t, s, c)
	require.NotZero(t, version)
	require.False(t, c.Writes[0].Component.IsZero(), "a new record has no key")
	return c.Writes[0].Component, version
}

func loadGraph(t testing.TB, s resolve.GraphState, keys ...identifier.Key) map[resolve.ComponentKey]string {
	t.Helper()
	snapshot, err := s.LoadGraph(t.Context(), testSpace, keys)
	require.NoError(t, err)
	return snapshot.Records
}

func absence(t *testing.T, s resolve.GraphState) {
	c, version := create(t, s, 5, 0, testKey(1), testKey(2))
	again := &resolve.GraphCommit{
		Now: 5, Pointers: []resolve.PointerRead{{Key: testKey(2)}, {Key: testKey(3)}},
		Writes: []resolve.RecordWrite{{Value: value(5, "y"), Moved: []identifier.Key{testKey(2), testKey(3)}}},
	}
	require.Zero(t, commitGraph(t, s, again))
	records := loadGraph(t, s, testKey(1), testKey(2), testKey(3))
	require.Len(t, records, 1)
	assert.Equal(t, version, binary.BigEndian.Uint64([]byte(records[c])))
	assert.Equal(t, "x", records[c][resolve.RecordHeader:])
}

func versions(t *testing.T, s resolve.GraphState) {
	c, v1 := create(t, s, 5, 0, testKey(1))
	other, v2 := create(t, s, 5, 0, testKey(2))
	require.NotEqual(t, v1, v2, "one counter for the space")
	merge := func(v1, v2 uint64) *resolve.GraphCommit {
		return &resolve.GraphCommit{
			Now: 5, Records: []resolve.RecordRead{{Component: c, Version: v1}, {Component: other, Version: v2, Gone: true}},
			Writes: []resolve.RecordWrite{{Component: c, Value: value(5, "both"), Moved: []identifier.Key{testKey(2)}}},
		}
	}
	require.Zero(t, commitGraph(t, s, merge(v1, v1)))
	v3 := commitGraph(t, s, merge(v1, v2))
	require.Greater(t, v3, v2)
	require.Zero(t, commitGraph(t, s, merge(v1, v2)), "a plan is accepted once")
	records := loadGraph(t, s, testKey(1), testKey(2))
	require.Len(t, records, 1)
	assert.Equal(t, "both", records[c][resolve.RecordHeader:])
	third, _ := create(t, s, 5, 0, testKey(3))
	assert.NotEqual(t, other, third, "the key of a record that is gone was used again")
}

func clocks(t *testing.T, s resolve.GraphState) {
	c, v := create(t, s, 9, 0, testKey(1))
	rewrite := func(now int64) *resolve.GraphCommit {
		return &resolve.GraphCommit{
			Now: now, Records: []resolve.RecordRead{{Component: c, Version: v}}, Writes: []resolve.RecordWrite{{Component: c, Value: value(now, "z")}},
		}
	}
	require.Zero(t, commitGraph(t, s, rewrite(8)))
	require.NotZero(t, commitGraph(t, s, rewrite(9)))
}

func rules(t *testing.T, s resolve.GraphState) {
	version, content, err := s.GraphRules(t.Context(), testSpace)
	require.NoError(t, err)
	require.Zero(t, version)
	require.Empty(t, content)
	ok, err := s.SetGraphRules(t.Context(), testSpace, 0, []byte("first"))
	require.NoError(t, err)
	require.True(t, ok)
	ok, err = s.SetGraphRules(t.Context(), testSpace, 0, []byte("second"))
	require.NoError(t, err)
	require.False(t, ok)
	version, content, err = s.GraphRules(t.Context(), testSpace)
	require.NoError(t, err)
	assert.Equal(t, uint64(1), version)
	assert.Equal(t, "first", string(content))
	c := &resolve.GraphCommit{Writes: []resolve.RecordWrite{{Value: value(0, "x"), Moved: []identifier.Key{testKey(1)}}}}
	require.Zero(t, commitGraph(t, s, c))
	c.RulesVersion = 1
	require.NotZero(t, commitGraph(t, s, c))
	snapshot, err := s.LoadGraph(t.Context(), testSpace, []identifier.Key{testKey(1)})
	require.NoError(t, err)
	assert.Equal(t, uint64(1), snapshot.RulesVersion)
}

func apart(t *testing.T, s resolve.GraphState) {
	create(t, s, 1, 0, testKey(1))
	first := func(k identifier.Key) *resolve.GraphCommit {
		return &resolve.GraphCommit{
			Now: 1, Pointers: []resolve.PointerRead{{Key: k}}, Writes: []resolve.RecordWrite{{Value: value(1, "x"), Moved: []identifier.Key{k}}},
		}
	}
	got, err := s.CommitGraph(t.Context(), testSpace, []*resolve.GraphCommit{first(testKey(1)), first(testKey(2)), first(testKey(2))})
	require.NoError(t, err)
	assert.Zero(t, got[0])
	assert.NotZero(t, got[1])
	assert.Zero(t, got[2])
}

func due(t *testing.T, s resolve.GraphState) {
	late, _ := create(t, s, 1, 20, testKey(1))
	early, v := create(t, s, 1, 10, testKey(2))
	create(t, s, 1, 0, testKey(3))
	list := func(now int64, limit int) []resolve.ComponentKey {
		keys, err := s.DueComponents(t.Context(), testSpace, now, limit)
		require.NoError(t, err)
		return keys
	}
	assert.Empty(t, list(9, 10))
	assert.Equal(t, []resolve.ComponentKey{early}, list(10, 10))
	assert.Equal(t, []resolve.ComponentKey{early, late}, list(20, 10))
	assert.Equal(t, []resolve.ComponentKey{early}, list(20, 1))
	require.NotZero(t, commitGraph(t, s, &resolve.GraphCommit{
		Now: 20, Records: []resolve.RecordRead{{Component: early, Version: v}}, Writes: []resolve.RecordWrite{{Component: early, Value: value(20, "x")}},
	}))
	assert.Equal(t, []resolve.ComponentKey{late}, list(20, 10))
}

func outbox(t *testing.T, s resolve.GraphState) {
	var versions []uint64
	var written []resolve.ComponentKey
	for i := range 3 {
		c := &resolve.GraphCommit{
			Pointers: []resolve.PointerRead{{Key: testKey(i)}}, Outbox: fmt.Append(nil, "entry", i),
			Writes: []resolve.RecordWrite{{Value: value(0, "x"), Moved: []identifier.Key{testKey(i)}}},
		}
		versions, written = append(versions, commitGraph(t, s, c)), append(written, c.Writes[0].Component)
	}
	require.Zero(t, commitGraph(t, s, &resolve.GraphCommit{Pointers: []resolve.PointerRead{{Key: testKey(0)}}, Outbox: []byte("refused")}))
	gone := &resolve.GraphCommit{Records: []resolve.RecordRead{{Component: written[0], Version: versions[0], Gone: true}}, Outbox: []byte("gone")}
	require.NotZero(t, commitGraph(t, s, gone))
	items := readOutbox(t, s, "", 10)
	require.Len(t, items, 4)
	for i := range 3 {
		assert.Equal(t, fmt.Sprint("entry", i), string(items[i].Value))
		assert.Equal(t, versions[i], items[i].Version)
		assert.Equal(t, []resolve.ComponentKey{written[i]}, items[i].Written)
		assert.Empty(t, items[i].Gone)
	}
	assert.Equal(t, []resolve.ComponentKey{written[0]}, items[3].Gone)
	assert.Equal(t, items[1:3], readOutbox(t, s, items[0].ID, 2))
	require.NoError(t, s.TrimOutbox(t.Context(), testSpace, items[1].ID))
	assert.Equal(t, items[2:], readOutbox(t, s, "", 10))
	assert.Equal(t, items[2:], readOutbox(t, s, items[0].ID, 10))
}

func readOutbox(t testing.TB, s resolve.GraphState, after string, limit int) []resolve.OutboxItem {
	t.Helper()
	items, err := s.ReadOutbox(t.Context(), testSpace, after, limit)
	require.NoError(t, err)
	return items
}

func scan(t *testing.T, s resolve.GraphState) {
	want := map[resolve.ComponentKey]bool{}
	for i := range 40 {
		c, _ := create(t, s, 1, 0, testKey(i))
		want[c] = true
	}
	got := map[resolve.ComponentKey]bool{}
	cursor := ""
	for range 1000 {
		keys, next, err := s.ScanComponents(t.Context(), testSpace, cursor, 7)
		require.NoError(t, err)
		for _, k := range keys {
			got[k] = true
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	assert.Equal(t, want, got)
}

func spaces(t *testing.T, s resolve.GraphState) {
	create(t, s, 1, 1, testKey(1))
	ctx := context.Background()
	snapshot, err := s.LoadGraph(ctx, "other", []identifier.Key{testKey(1)})
	require.NoError(t, err)
	assert.Empty(t, snapshot.Records)
	keys, err := s.DueComponents(ctx, "other", 100, 10)
	require.NoError(t, err)
	assert.Empty(t, keys)
	items, err := s.ReadOutbox(ctx, "other", "", 10)
	require.NoError(t, err)
	assert.Empty(t, items)
}
