package matcher

import (
	"fmt"
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

// TestLinked_isWeighedAgain: what is linked is weighed by what the index holds, in both languages and without a value; a record that is gone, or
// whose key was destroyed, weighs nothing.
func TestLinked_isWeighedAgain(t *testing.T) {
	r := newRig(t)
	r.links(.9)
	card, phone, _ := three(r)
	require.True(t, r.one(card, phone))
	w := NewWeigher(r.index, r.cells, r.ring, nil)
	records := [2]string{string(leafID(card)), string(leafID(phone))}
	for l, birth := range map[explain.Language]string{explain.English: "Birth date", explain.French: "Date de naissance"} {
		list, err := w.Weigh(t.Context(), space, records, l)
		require.NoError(t, err)
		text := fmt.Sprint(list)
		require.Contains(t, text, birth)
		require.Contains(t, list[len(list)-1].Found, " %")
		require.NotContains(t, strings.ToLower(text), "lef")
	}
	r.destroy(phone)
	list, err := w.Weigh(t.Context(), space, records, explain.English)
	require.NoError(t, err)
	require.Empty(t, list)
	list, err = w.Weigh(t.Context(), space, [2]string{records[0], "................"}, explain.English)
	require.NoError(t, err)
	require.Empty(t, list)
}
