package vault_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/vault"
)

func TestAKeyOfBehindAnErasureKnowsWhenItEnded(t *testing.T) {
	ring, _, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys.json"))
	require.NoError(t, err)
	old, first, err := ring.NewSubjectKey("retail", "ab")
	require.NoError(t, err)
	made, wrapped, err := ring.NewSubjectKeySince("retail", "ab", 1_790_000_000)
	require.NoError(t, err)
	require.Zero(t, old.Since())
	require.Equal(t, int64(1_790_000_000), made.Since())
	opened, err := ring.SubjectKey("retail", "ab", wrapped)
	require.NoError(t, err)
	require.Equal(t, made.Since(), opened.Since(), "it is in the wrapped form")
	again, err := ring.SubjectKey("retail", "ab", first)
	require.NoError(t, err)
	require.Zero(t, again.Since())

	sealed, err := made.Seal("city", "Lyon")
	require.NoError(t, err)
	value, err := opened.Open("city", sealed)
	require.NoError(t, err)
	require.Equal(t, "Lyon", value)
	_, err = again.Open("city", sealed)
	require.Error(t, err, "the former key opens nothing of it")
	_, err = ring.SubjectKey("spa", "ab", wrapped)
	require.Error(t, err, "it is of one controller")
}
