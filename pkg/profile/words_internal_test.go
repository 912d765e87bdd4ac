package profile

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommonWord_theNumberIsThePlace(t *testing.T) {
	for i, word := range commonWords {
		require.Equal(t, i, commonWord(word), word)
	}
	require.Equal(t, -1, commonWord("no such word"))
}
