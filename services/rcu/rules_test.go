package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/vault"
	"rcu/pkg/yamlfile"
)

// rulesFile writes the default rules, changed by change, as an operator would.
func rulesFile(t *testing.T, change func(map[string]any)) string {
	t.Helper()
	raw, err := json.Marshal(identity.DefaultRules())
	require.NoError(t, err)
	var doc map[string]any
	require.NoError(t, json.Unmarshal(raw, &doc))
	change(doc)
	file, err := yamlfile.Encode(doc)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "rules.yaml")
	require.NoError(t, os.WriteFile(path, file, 0o600))
	return path
}

func rulesDeps(t *testing.T) *deps {
	t.Helper()
	ring, _, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys.json"))
	require.NoError(t, err)
	graph, err := resolve.NewGraph(statemem.NewGraph(), identity.DefaultRules())
	require.NoError(t, err)
	return &deps{settings: defaultSettings(), log: zap.NewNop(), keys: ring, graph: graph}
}

func TestRulesOfTheOperatorHold(t *testing.T) {
	d := rulesDeps(t)
	d.settings.Identity.Rules = rulesFile(t, func(doc map[string]any) {
		doc["names"] = "off"
		doc["blocked"] = map[string]bool{"email:Info@Example.com": true}
	})
	require.NoError(t, d.settings.Validate())
	for range 2 { // a second start changes nothing
		require.NoError(t, d.setRules(t.Context(), []string{"a", "b"}))
		require.NoError(t, d.rejudge(t.Context(), []string{"a", "b"}))
	}
	for _, space := range []string{"a", "b"} {
		k, err := d.graph.Kernel(t.Context(), space)
		require.NoError(t, err)
		require.Equal(t, identity.NamesOff, k.Rules().Names)
		key := identifier.KeyOf(identifier.Email, d.keys.Pseudonym(space, identifier.Email, "info@example.com"))
		require.Equal(t, map[string]bool{key.Value: true}, k.Rules().Blocked)
	}
	k, err := d.graph.Kernel(t.Context(), "another")
	require.NoError(t, err)
	require.Equal(t, identity.NamesAttested, k.Rules().Names)
}

func TestRulesThatCannotHoldAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(map[string]any)
		says   string
	}{
		"fixed":     {func(doc map[string]any) { doc["max_degree"] = 7 }, "max_degree"},
		"nonsense":  {func(doc map[string]any) { doc["names"] = "perhaps" }, "names"},
		"blocked":   {func(doc map[string]any) { doc["blocked"] = map[string]bool{"order:1": true} }, "namespace that links"},
		"no e-mail": {func(doc map[string]any) { doc["blocked"] = map[string]bool{"email:nobody": true} }, "blocked value of email"},
	} {
		t.Run(name, func(t *testing.T) {
			d := rulesDeps(t)
			d.settings.Identity.Rules = rulesFile(t, c.change)
			err := d.setRules(t.Context(), []string{"a"})
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "nobody")
		})
	}
	d := rulesDeps(t)
	d.settings.Identity.Rules = filepath.Join(t.TempDir(), "none.yaml")
	require.ErrorContains(t, d.settings.Validate(), "identity.rules")
}
