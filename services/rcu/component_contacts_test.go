package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/contact"
	"rcu/pkg/testkit"
)

// The example that operators copy says what holds without it.
func TestContactRules_exampleIsTheDefault(t *testing.T) {
	rules, err := contactSettings{Rules: filepath.Join(testkit.Root(t), "deploy", "examples", "contacts.yaml")}.rules()
	require.NoError(t, err)
	require.Equal(t, contact.Default(), rules)
	none, err := contactSettings{}.rules()
	require.NoError(t, err)
	require.Equal(t, rules, none)
}

func TestContactRules_mistakesNameTheFile(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"no source": "caps: [{most: 1, days: 2}]", "unknown field": "cap: []", "no YAML": "caps: [", "no days": `hours: [{channel: sms, source: x}]`} {
		path := filepath.Join(dir, name+".yaml")
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		s := defaultSettings()
		s.Contacts.Rules = path
		err := s.Validate()
		require.ErrorContains(t, err, "contacts.rules", name)
		require.ErrorContains(t, err, path)
	}
	_, err := contactSettings{Rules: filepath.Join(dir, "absent")}.rules()
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestContactsServeWhenRedisComes(t *testing.T) {
	s := newSite(t)
	r := s.run("contacts")
	r.until(http.StatusServiceUnavailable, "waiting for redis")
	s.startRedis()
	r.until(http.StatusOK, "ready")
	r.stop()
}
