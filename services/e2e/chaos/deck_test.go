package main

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDeck_killsEveryKindBySharesAndSeed(t *testing.T) {
	deal := func(seed uint64, targets string, n int) map[string]int {
		d, err := deckOf(targets)
		require.NoError(t, err)
		r, out := rand.New(rand.NewPCG(seed, 1)), map[string]int{}
		for range n {
			out[d.deal(r)]++
		}
		return out
	}
	all := 0
	for _, c := range cards {
		all += c.share
	}
	got := deal(1, "", 3*all)
	for _, c := range cards {
		require.Equal(t, 3*c.share, got[c.kind], c.kind)
	}
	once, again := deal(7, "", 10), deal(7, "", 10)
	require.Equal(t, once, again)
	require.Equal(t, map[string]int{"redis": 5}, deal(1, "redis", 5))
	_, err := deckOf("redis,postgres")
	require.ErrorContains(t, err, "postgres")
}
