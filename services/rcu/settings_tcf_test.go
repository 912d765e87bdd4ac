package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/config"
	"rcu/pkg/consent"
	"rcu/pkg/tcf"
)

// What consent strings mean is the operator's to say, and a mapping that means nothing is refused.
func TestSettings_consentStrings(t *testing.T) {
	load := func(text string) (*settings, error) {
		file := filepath.Join(t.TempDir(), "rcu.yaml")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		s := defaultSettings()
		return s, config.Load(s, config.Source{File: file})
	}
	s, err := load("ingest: {tcf: {read: core, days: 90, rules: [{purpose: unify_behaviour, tcf_purposes: [1]}]}}\n")
	require.NoError(t, err)
	require.Equal(t, tcf.ReadCore, s.Ingest.TCF.Read)
	require.Equal(t, 90, s.Ingest.TCF.Days)
	require.Equal(t, 4, s.Ingest.TCF.Policy, "what the file leaves out stays")
	require.Equal(t, []tcf.Rule{{Purpose: consent.UnifyBehaviour, Purposes: []int{1}}}, s.Ingest.TCF.Rules)
	_, err = load("ingest: {tcf: {rules: [{purpose: marketing, tcf_purposes: [1]}]}}\n")
	require.ErrorContains(t, err, "purpose")
}
