package explain

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// scale weighs by a function.
type scale func(records [2]string, l Language) ([]Weight, error)

func (f scale) Weigh(_ context.Context, _ string, records [2]string, l Language) ([]Weight, error) {
	return f(records, l)
}

// TestAddWeights_ofWhatAProbableMatchLinks and of nothing else; without a weigher an explanation goes without.
func TestAddWeights_ofWhatAProbableMatchLinks(t *testing.T) {
	links := func() []Link {
		return []Link{{}, {Probable: &Probable{Links: true, records: [2]string{"a", "b"}}}, {Probable: &Probable{records: [2]string{"c", "d"}}}}
	}
	x, asked := links(), 0
	french := Teller{Language: French}
	require.NoError(t, french.AddWeights(t.Context(), nil, "space", x))
	require.NoError(t, french.AddWeights(t.Context(), scale(func(records [2]string, l Language) ([]Weight, error) {
		asked++
		require.Equal(t, [2]string{"a", "b"}, records)
		require.Equal(t, French, l)
		return []Weight{{What: "Date de naissance"}}, nil
	}), "space", x))
	require.Equal(t, 1, asked)
	require.Equal(t, []Weight{{What: "Date de naissance"}}, x[1].Probable.Weighs)
	require.Nil(t, x[2].Probable.Weighs)

	away := errors.New("away")
	require.ErrorIs(t, french.AddWeights(t.Context(), scale(func([2]string, Language) ([]Weight, error) { return nil, away }), "space", links()), away)
}
