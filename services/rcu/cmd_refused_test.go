package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What cannot be meant is refused with the reason and the fix, and nothing is done.
func TestRefused_whatCannotBeMeant(t *testing.T) {
	f := newFakeAPI(t, http.StatusBadRequest, map[string]any{"/v1/acts/preview": apiProblem{
		Status: http.StatusBadRequest, Reason: "same_identifier", Fix: "name two identifiers",
	}})
	out, errs, code := call(t, "", "--data", homeWith(t, f.URL), "act", "ban", "email:a@example.org", "email:A@example.org", "--reason", "x", "--yes")
	require.Equal(t, 2, code)
	require.Empty(t, out)
	require.Contains(t, errs, "name two identifiers")
	require.Len(t, f.asked, 1, "the look was refused: nothing is done")

	cut := filepath.Join(t.TempDir(), "facts.jsonl")
	require.NoError(t, os.WriteFile(cut, []byte(facts[:len(facts)-30]), 0o600))
	out, errs, code = call(t, "", "identity", "solve", cut)
	require.Equal(t, 2, code)
	require.Empty(t, out)
	require.Contains(t, errs, "line 4: field line: is no JSON object")

	rules := filepath.Join(t.TempDir(), "rules.yaml")
	require.NoError(t, os.WriteFile(rules, []byte("namespaces:\n  email: {strength: 3, rank: 1, unique: true, limit: 3}\n  phone: {strength: 3, rank: 1}\n"), 0o600))
	for _, verb := range []string{"try", "apply"} {
		out, errs, code = call(t, "", "--data", t.TempDir(), "rules", verb, rules)
		require.Equal(t, 2, code, verb)
		require.Empty(t, out)
		require.Contains(t, errs, "namespaces.email.limit: contradicts unique: true", verb)
		require.Contains(t, errs, "namespaces.phone.rank: is that of email too", verb)
	}
}
