package page

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChoices_areNamedInBothLanguages(t *testing.T) {
	for l, want := range map[Language][]Choice{
		French:  {{"FR", "France"}, {"DE", "Allemagne"}, {"RE", "La Réunion"}, {"GB", "Royaume-Uni"}},
		English: {{"FR", "France"}, {"DE", "Germany"}, {"RE", "Réunion"}, {"GB", "United Kingdom"}},
	} {
		list := Countries(l)
		require.Greater(t, len(list), 230)
		for _, c := range want {
			require.Contains(t, list, c)
		}
		for _, c := range list {
			require.Len(t, c.Value, 2)
			require.NotEqual(t, c.Value, c.Label)
		}
	}
	at := func(code string) int {
		return slices.IndexFunc(Countries(French), func(c Choice) bool { return c.Value == code })
	}
	require.Less(t, at("EG"), at("FR"), "Égypte stands among the names with E")
	require.Contains(t, SpokenLanguages(French), Choice{"de", "allemand"})
	require.Contains(t, SpokenLanguages(English), Choice{"fr", "French"})
}
