package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A service on a second machine finds an empty folder, and makes a key file there: it must not work with it.
func TestAServiceWithAnotherKeyFileIsRefused(t *testing.T) {
	needServers(t)
	s := newSite(t)
	s.startRedis()
	first := s.run("ingest-web")
	first.until(200, "")
	status, body := first.post("shop-fr", `{"id": "k-1", "type": "order.placed", "occurred_at": "2026-11-21T20:03:00+01:00",
		"identifiers": [{"namespace": "email", "value": "marie@example.fr"}, {"namespace": "order", "value": "W-1"}],
		"data": {"total": {"amount": 2500, "currency": "EUR"}, "lines": [{"sku": "BAG-2", "quantity": 1, "amount": 2500}]}}`)
	require.Equal(t, 200, status, body)
	first.stop()

	installation := s.dir
	s.dir = filepath.Join(t.TempDir(), "other")
	for _, service := range []string{"ingest-store", "resolver", "profile-api"} {
		r := s.run(service)
		require.Error(t, r.exit(), "%s works with a key file of its own", service)
		require.Contains(t, r.log.String(), errOtherKeys.Error())
		require.Contains(t, r.log.String(), "copy keys.json of the installation to "+filepath.Join(s.dir, "keys.json"))
	}

	// What the message says helps.
	raw, err := os.ReadFile(filepath.Join(installation, "keys.json"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, "keys.json"), raw, 0o600))
	require.NoError(t, os.Remove(filepath.Join(s.dir, "keys.fingerprint")))
	s.run("ingest-store").until(200, "")
}
