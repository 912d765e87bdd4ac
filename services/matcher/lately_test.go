package matcher

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/match"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
)

// askedIndex counts what the index is asked about single entries.
type askedIndex struct {
	match.Index
	asked int
}

func (x *askedIndex) Entry(ctx context.Context, space, id string) (match.Entry, error) {
	x.asked++
	return x.Index.Entry(ctx, space, id)
}

func (x *askedIndex) RemoveEntry(ctx context.Context, space, id string) error {
	x.asked++
	return x.Index.RemoveEntry(ctx, space, id)
}

// TestLately_theIndexIsAskedOfWhatIsNew and of nothing else, until a partition is read again.
func TestLately_theIndexIsAskedOfWhatIsNew(t *testing.T) {
	r := newRig(t)
	index := &askedIndex{Index: r.index}
	r.s.deps.Index = index
	asked := func(records ...stream.Record) int {
		before := index.asked
		r.take(records...)
		return index.asked - before
	}
	card, little := r.key("card", "2990001111111"), r.key("card", "2990002222222")
	few := map[string]string{"given_name": "Jean"}
	require.Equal(t, 3, asked(r.record(card, helene), r.record(little, few)), "who says too little is forgotten, with what was told of it")
	require.Zero(t, asked(r.record(card, helene), r.record(little, few)), "they say what they said")
	require.Equal(t, 1, asked(r.record(card, paul)), "it says something else")
	require.Equal(t, 1, asked(r.record(card, helene)), "and takes it back")

	parts := []stream.Assignment{{Topic: stream.TopicLeaves, Offset: r.next, End: r.next}}
	require.NoError(t, r.s.Assigned(t.Context(), parts))
	require.Equal(t, 1, asked(r.record(card, helene)), "somebody else may have taken the partition meanwhile")

	again := r.record(card, helene)
	r.destroy(card)
	require.Equal(t, 2, asked(again), "what was told of it is taken back, and it is forgotten")
	require.Zero(t, r.entries(), "whose key is destroyed is forgotten, whatever it said lately")
}

// TestLately_anIndexThatIsLostIsFilledAgain, by leaves that say what they said, too.
func TestLately_anIndexThatIsLostIsFilledAgain(t *testing.T) {
	r := newRig(t)
	r.says(r.key("card", "2990001111111"), helene)
	r.index = statemem.NewIndex()
	r.s.deps.Index = r.index
	require.NoError(t, r.s.deps.Cells.SetPlain(t.Context(), []resolve.Plain{{Key: r.s.placeKey(0, ""), Value: resolve.Marker{}.Encode()}}))
	var back *stream.Rewind
	require.ErrorAs(t, r.s.Batch(t.Context(), r.batch()), &back)
	require.NoError(t, r.s.Batch(t.Context(), stream.Batch{Topic: stream.TopicLeaves, Records: r.log}))
	require.EqualValues(t, 1, r.entries())
}

func TestLately_isBounded(t *testing.T) {
	l := newLately()
	for i := range 3 * latelyLeaves {
		l.keep(0, fmt.Sprint(i), 1)
		require.LessOrEqual(t, len(l.said[0]), latelyLeaves)
	}
	l.keep(1, "a", 1)
	l.lose(0)
	require.True(t, l.knows(1, "a", 1))
	require.False(t, l.knows(1, "a", 2))
	require.False(t, l.knows(0, "a", 1))
	l.forget(1, "a")
	require.False(t, l.knows(1, "a", 1))
}
