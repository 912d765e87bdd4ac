package matcher

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/explain"
	"rcu/services/internal/review"
)

// TestSuggested_isWeighedInWords: what a steward reads adds up, names no value, and is written as the language writes it.
func TestSuggested_isWeighedInWords(t *testing.T) {
	r := newRig(t)
	three(r)
	list, _, err := r.source.Matters(t.Context(), space, "", 50)
	require.NoError(t, err)
	require.Len(t, list, 1)
	for l, want := range map[explain.Language][3]string{explain.English: {"Birth date", ".", " %"}, explain.French: {"Date de naissance", ",", " %"}} {
		weights := list[0].Detail.(review.Weighed).Weights(l)
		require.Greater(t, len(weights), 3)
		text := ""
		for _, w := range weights {
			require.NotEmpty(t, w.What)
			require.NotEmpty(t, w.Side)
			require.Regexp(t, `^[+-][0-9]+\`+want[1]+`[0-9]$`, w.Bits)
			text += w.What + w.Found + w.Side
		}
		require.Contains(t, text, want[0])
		require.Contains(t, weights[len(weights)-1].Found, want[2], "the sum says how probable")
		for _, personal := range []string{"lefevre", "Lefèvre", "1980", "75011"} {
			require.NotContains(t, strings.ToLower(text), strings.ToLower(personal))
		}
		require.Contains(t, list[0].Words(l), want[1])
	}
}
