package stateredis

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A state is whole when it bears the mark and nothing fills it.
func TestWhole(t *testing.T) {
	c := open(t)
	m := NewMarkers(c)
	require.ErrorIs(t, m.Whole(t.Context()), ErrNotWhole, "empty, or lost")
	require.NoError(t, m.Settle(t.Context(), nil, nil))
	require.NoError(t, m.Whole(t.Context()))
	require.NoError(t, c.NoteRebuilding(t.Context(), map[string]string{"begun": "1"}))
	require.ErrorIs(t, m.Whole(t.Context()), ErrNotWhole, "a rebuild that goes on over a state that was not lost")
	require.NoError(t, c.EndRebuilding(t.Context()))
	require.NoError(t, m.Whole(t.Context()))
}
