package explain

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Days stand in sentences as people write them.
func TestSentences_writeDaysInWords(t *testing.T) {
	x := Link{Outcome: "joined", Seen: []Witness{{At: time.Date(2026, 11, 21, 23, 0, 0, 0, time.UTC), Proved: true}}}
	require.Contains(t, English.link(&x), ", since 21 November 2026, proved")
	require.Contains(t, French.link(&x), ", depuis le 21 novembre 2026, prouvé")
	x.Seen[0].At = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	require.Contains(t, French.link(&x), ", depuis le 1er mars 2026, prouvé")
}
