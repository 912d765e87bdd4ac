package vault_test

import (
	"crypto/ed25519"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/vault"
)

func TestTokensAndSignatures(t *testing.T) {
	t.Parallel()
	ring, _, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys.json"))
	require.NoError(t, err)
	other, _, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys.json"))
	require.NoError(t, err)
	tokens := func(k *vault.Keyring, kind string) *vault.Tokens {
		out, err := k.Tokens(kind)
		require.NoError(t, err)
		return out
	}
	links := tokens(ring, "unsubscribe")
	token, err := links.Seal([]byte("content"))
	require.NoError(t, err)
	require.NotContains(t, token, "content")
	got, err := tokens(ring, "unsubscribe").Open(token)
	require.NoError(t, err)
	require.Equal(t, "content", string(got))
	for i := range len(token) {
		for _, c := range "Aa0_" {
			if changed := token[:i] + string(c) + token[i+1:]; changed != token {
				_, err := links.Open(changed)
				require.ErrorIs(t, err, vault.ErrBadToken, "one character changed at %d", i)
			}
		}
		_, err := links.Open(token[:i])
		require.ErrorIs(t, err, vault.ErrBadToken, "cut at %d", i)
	}
	for _, t2 := range []*vault.Tokens{tokens(ring, "confirm"), tokens(other, "unsubscribe")} {
		_, err := t2.Open(token)
		require.ErrorIs(t, err, vault.ErrBadToken)
	}
	signer := func(k *vault.Keyring, kind string) *vault.Signer {
		out, err := k.Signer(kind)
		require.NoError(t, err)
		return out
	}
	s := signer(ring, "receipt")
	signature := s.Sign([]byte("x"))
	require.Equal(t, signature, signer(ring, "receipt").Sign([]byte("x")))
	require.True(t, ed25519.Verify(s.Public(), []byte("x"), signature))
	require.True(t, s.Verify([]byte("x"), signature))
	require.False(t, s.Verify([]byte("y"), signature))
	require.False(t, signer(ring, "audit").Verify([]byte("x"), signature))
	require.False(t, signer(other, "receipt").Verify([]byte("x"), signature))
}

func TestSecret(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.json")
	secret := func(file, kind string) []byte {
		t.Helper()
		ring, _, err := vault.LoadOrCreate(file)
		require.NoError(t, err)
		out, err := ring.Secret(kind)
		require.NoError(t, err)
		require.Len(t, out, 32)
		return out
	}
	first := secret(file, "sessions")
	require.Equal(t, first, secret(file, "sessions"), "every process of the installation has it")
	require.NotEqual(t, first, secret(file, "forms"))
	require.NotEqual(t, first, secret(filepath.Join(t.TempDir(), "keys.json"), "sessions"))
}
