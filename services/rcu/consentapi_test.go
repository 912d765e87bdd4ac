package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A decision goes all the way: in force before its answer, in the evidence of ClickHouse soon after, and still there after a kill.
func TestConsentAPI_overRealServers(t *testing.T) {
	i := newInstallation(t)
	r := i.up()
	keys, err := home{i.dir}.readerKeys()
	require.NoError(t, err)
	point := map[string]any{"namespace": "email", "value": "zoe@example.com"}
	post := func(path string, body map[string]any) map[string]any {
		t.Helper()
		raw, err := json.Marshal(body)
		require.NoError(t, err)
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.in.Services["consent-api"]+path, bytes.NewReader(raw))
		require.NoError(t, err)
		q.Header.Set("Authorization", "Bearer "+keys["site"])
		res, err := http.DefaultClient.Do(q)
		require.NoError(t, err)
		defer func() { _ = res.Body.Close() }()
		answer, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, res.StatusCode, "%s", answer)
		out := map[string]any{}
		require.NoError(t, json.Unmarshal(answer, &out))
		return out
	}
	allowed := func() bool {
		t.Helper()
		for _, x := range post("/v1/consents/history", map[string]any{"point": point})["topics"].([]any) {
			if topic := x.(map[string]any); topic["purpose"] == "marketing" && topic["channel"] == "email" {
				return topic["allowed"].(bool)
			}
		}
		return false
	}
	decide := func(decision string, at time.Time) map[string]any {
		t.Helper()
		return post("/v1/consents", map[string]any{
			"point": point, "purpose": "marketing", "channel": "email", "decision": decision, "act": "store_tablet_signed", "decided_at": at,
			"notice": map[string]any{"id": "marketing", "version": "1", "language": "fr"},
			"proof":  map[string]any{"type": "signature", "sha256": strings.Repeat("ab", 32)},
		})
	}
	now := time.Now().Truncate(time.Second)
	receipt := decide("grant", now.Add(-time.Hour))["receipts"].([]any)[0]
	require.True(t, allowed())
	require.Equal(t, map[string]any{"valid": true, "current": true}, post("/v1/receipts/verify", map[string]any{"receipt": receipt, "point": point}))
	stands := decide("withdraw", now)["stands"]
	require.Equal(t, map[string]any{"in_force": true, "durable": true, "journal": false}, stands)
	require.False(t, allowed())
	require.Eventually(t, func() bool {
		out, err := i.do("sql", "SELECT count() AS n FROM consents FINAL WHERE purpose = 'marketing' AND notice_id = 'marketing'")
		return err == nil && strings.TrimSpace(out) == `{"n":2}`
	}, time.Minute, 200*time.Millisecond, "the evidence is in ClickHouse")
	require.Error(t, r.stop(t, syscall.SIGKILL))
	r = i.up()
	require.Eventually(t, func() bool { return !allowed() }, 30*time.Second, 100*time.Millisecond, "killed, and still withdrawn")
	require.NoError(t, r.stop(t, os.Interrupt))
}
