package resolver_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/services/resolver"
)

// Owners that version 1 published are read for ever: of a person, of nobody, and one that was on its way out.
func TestPublishedOwnersOfV1(t *testing.T) {
	const id = "01a1b2c3d4e5f60718293a4b5c6d7e8f90"
	for text, want := range map[string]struct {
		number uint64
		owner  string
	}{
		"0000000000000007" + hex.EncodeToString([]byte(id)): {7, id},
		"00060012d3a4b5c62d": {0x00060012d3a4b5c6, "-"},
		"00000000000000083f" + hex.EncodeToString([]byte(id)): {8, "?" + id},
	} {
		stored, err := hex.DecodeString(text)
		require.NoError(t, err)
		number, owner, again, err := resolver.Override(stored)
		require.NoError(t, err)
		require.Equal(t, want.number, number)
		require.Equal(t, want.owner, owner)
		require.Equal(t, stored, again)
	}
	for _, damaged := range []string{"00", "0000000000000007"} {
		b, err := hex.DecodeString(damaged)
		require.NoError(t, err)
		_, _, _, err = resolver.Override(b)
		require.Error(t, err)
	}
}
