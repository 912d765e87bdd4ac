package profile

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"rcu/pkg/identifier"
)

func TestDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := string(rapid.SliceOfN(rapid.Byte(), 0, 80).Draw(t, "value"))
		digits := digitsOf(value)
		require.Equal(t, hex.EncodeToString([]byte(value)), digits)
		back, ok := fromDigits(digits)
		require.True(t, ok)
		require.Equal(t, value, back)
		k := identifier.Key{Namespace: identifier.Card, Value: value}
		require.Equal(t, "#"+string(identifier.Card)+":"+digits, IdentifierTrait(k))
		known, ok := identifierOf(IdentifierTrait(k))
		require.Equal(t, value != "", ok)
		if ok {
			require.Equal(t, k, known)
		}
	})
}

func TestFromDigits_whatIsNone(t *testing.T) {
	for _, text := range []string{"0", "0g", "0A", "ab ", "é", strings.Repeat("0", 81)} {
		_, ok := fromDigits(text)
		require.False(t, ok, text)
	}
}

func TestIdentifierTrait_isMadeInOnePiece(t *testing.T) {
	k := identifier.Key{Namespace: identifier.Card, Value: strings.Repeat("\xc7", identifier.PseudonymSize)}
	name := IdentifierTrait(k)
	require.InDelta(t, 1, testing.AllocsPerRun(100, func() { _ = IdentifierTrait(k) }), 0)
	require.InDelta(t, 1, testing.AllocsPerRun(100, func() { _, _ = identifierOf(name) }), 0) // the value
}
