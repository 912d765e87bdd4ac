package main

import (
	"os"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/vault"
)

func TestKeys_ofServicesThatStartAtOnceAreThoseOfTheInstallation(t *testing.T) {
	h := home{t.TempDir()}
	rings := make([]*vault.Keyring, 10)
	var all sync.WaitGroup
	for i := range rings {
		all.Go(func() {
			ring, err := h.keys("")
			if err != nil {
				t.Error(err)
			}
			rings[i] = ring
		})
	}
	all.Wait()
	for _, ring := range rings {
		require.Equal(t, rings[0].Fingerprint(), ring.Fingerprint())
	}
	note, err := os.ReadFile(h.path("keys.fingerprint"))
	require.NoError(t, err)
	require.Equal(t, rings[0].Fingerprint()+"\n", string(note))

	require.NoError(t, os.Remove(h.path("keys.json")))
	_, err = h.keys("")
	require.ErrorContains(t, err, "opening the keys of this installation")
	require.NoFileExists(t, h.path("keys.json"), "a lost key file is not replaced")
	require.NoError(t, vault.Create(h.path("keys.json")))
	_, err = h.keys("")
	require.ErrorContains(t, err, "is not the key file of this installation")
}
