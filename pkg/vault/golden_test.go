package vault_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/vault"
)

var update = flag.Bool("update", false, "write the golden file anew: only where something was added, version 1 is read for ever")

const goldenFile = "testdata/keys-v1.json"

// golden is what an installation of version 1 has stored: its file of keys, a wrapped subject key as Redis and rcu.keys hold it, and what
// was sealed with it.
type golden struct {
	Keyring    []byte `json:"keyring"`
	Controller string `json:"controller"`
	Subject    string `json:"subject"`
	Wrapped    []byte `json:"wrapped"`
	Trait      string `json:"trait"`
	Value      string `json:"value"`
	Sealed     []byte `json:"sealed"`
	Space      string `json:"space"`
	Email      string `json:"email"`
	Pseudonym  []byte `json:"pseudonym"`
	Name       string `json:"name"`
}

func writeGolden(t *testing.T) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys")
	ring, _, err := vault.LoadOrCreate(file)
	require.NoError(t, err)
	g := golden{Controller: "retail", Subject: "0a0b", Trait: "city", Value: "Lille", Space: "fr", Email: "marie@example.org"}
	g.Keyring, err = os.ReadFile(file)
	require.NoError(t, err)
	key, wrapped, err := ring.NewSubjectKey(g.Controller, g.Subject)
	require.NoError(t, err)
	g.Wrapped = wrapped
	g.Sealed, err = key.Seal(g.Trait, g.Value)
	require.NoError(t, err)
	p := ring.Pseudonym(g.Space, identifier.Email, g.Email)
	g.Pseudonym, g.Name = []byte(identifier.KeyOf(identifier.Email, p).Value), ring.Name(g.Space, p)
	body, err := json.MarshalIndent(g, "", "  ")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(goldenFile), 0o750))
	require.NoError(t, os.WriteFile(goldenFile, append(body, '\n'), 0o600))
}

// Keys, pseudonyms, names and sealed values of version 1 mean for ever what they meant.
func TestKeysOfV1Open(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	body, err := os.ReadFile(goldenFile)
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(body, &g))
	file := filepath.Join(t.TempDir(), "keys")
	require.NoError(t, os.WriteFile(file, g.Keyring, 0o600))
	ring, err := vault.Load(file)
	require.NoError(t, err)
	key, err := ring.SubjectKey(g.Controller, g.Subject, g.Wrapped)
	require.NoError(t, err)
	value, err := key.Open(g.Trait, g.Sealed)
	require.NoError(t, err)
	require.Equal(t, g.Value, value)
	again, err := key.Seal(g.Trait, g.Value)
	require.NoError(t, err)
	require.Equal(t, g.Sealed, again, "sealed alike: a value that is known is not written again")
	p := ring.Pseudonym(g.Space, identifier.Email, g.Email)
	require.Equal(t, string(g.Pseudonym), identifier.KeyOf(identifier.Email, p).Value)
	require.Equal(t, g.Name, ring.Name(g.Space, p))
	_, err = ring.SubjectKey("other", g.Subject, g.Wrapped)
	require.Error(t, err, "a key is bound to its controller")
}
