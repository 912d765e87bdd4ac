package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/steward"
)

func actAPI(t *testing.T, status int) (*fakeAPI, string) {
	t.Helper()
	at := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	a, b := steward.Identifier{Namespace: "card", Name: testID}, steward.Identifier{Namespace: "email", Name: testID2}
	act := steward.Act{ID: "act-1", Op: "ban", A: &a, B: &b, At: at, Received: at, Actor: "anne", Reason: "his sister's"}
	f := newFakeAPI(t, status, map[string]any{
		"/v1/acts/preview": steward.Preview{Op: "ban", A: &a, B: &b, Held: &steward.Held{ID: "act-0", Op: "clear", At: at, Actor: "paul", Effective: true}, Effect: steward.Effect{
			ID: "effect-1", Before: []steward.Person{{RCUID: testID, Identifiers: []steward.Identifier{a, b}}},
			After:     []steward.Person{{RCUID: testID, Identifiers: []steward.Identifier{a}}, {RCUID: testID2, Identifiers: []steward.Identifier{b}}},
			Standings: []steward.Standing{{Identifier: b, Before: "clean", After: "quarantined"}}, Changes: []steward.Change{{Kind: "banned", Identifiers: []steward.Identifier{a, b}}},
		}},
		"/v1/acts":            steward.Done{Act: act, Effective: true},
		"/v1/acts/act-1/undo": steward.Done{Act: act},
	})
	return f, homeWith(t, f.URL)
}

func TestAct_showsAsksAndDoes(t *testing.T) {
	f, data := actAPI(t, http.StatusOK)
	args := []string{"--data", data, "act", "ban", "email:marie@example.org", testID, "--reason", "his sister's"}
	out, errs, code := call(t, "n\n", args...)
	require.Zero(t, code)
	require.Contains(t, errs, "nothing was done")
	for _, want := range []string{"People now", "People after it", "card 01aaaaaa, email 01bbbbbb", "clear by paul at 2026-03-10 09:00", "-> quarantined", "banned"} {
		require.Contains(t, out, want)
	}
	require.Len(t, f.asked, 1, "a look changes nothing")
	require.Equal(t, "Bearer k-steward", f.header.Get("Authorization"))

	out, _, code = call(t, "y\n", args...)
	require.Zero(t, code)
	require.Contains(t, out, "it holds")
	require.Contains(t, out, "act-1")
	_, body, _ := strings.Cut(f.asked[2], "Bearer k-steward ")
	var sent steward.Asked
	require.NoError(t, json.Unmarshal([]byte(body), &sent))
	require.NotEmpty(t, sent.ID)
	require.Equal(t, steward.Asked{
		ID: sent.ID, Op: "ban", A: &steward.End{Namespace: "email", Value: "marie@example.org"}, B: &steward.End{Name: testID}, Reason: "his sister's",
		Seen: new("act-0"), Effect: "effect-1",
	}, sent, "what was shown is what is done")
	require.NotContains(t, strings.Split(f.asked[2], " ")[1], "marie", "no value stands in a URL")

	f.asked = nil
	_, _, code = call(t, "", append(args, "--preview")...)
	require.Zero(t, code)
	_, _, code = call(t, "", append(args, "--yes")...)
	require.Zero(t, code)
	require.Len(t, f.asked, 3)

	out, _, code = call(t, "", "--data", data, "act", "undo", "act-1", "--reason", "no", "--yes")
	require.Zero(t, code)
	require.Contains(t, out, "on its way")
	_, _, code = call(t, "", "--data", data, "act", "quarantine", "email:a@example.org", "--reason", "till", "--yes", "--json")
	require.Zero(t, code)
}

func TestAct_exitCodes(t *testing.T) {
	_, data := actAPI(t, http.StatusOK)
	for _, args := range [][]string{
		{"act", "ban", "email:a@example.org", testID},
		{"act", "ban", "email:a@example.org", "--reason", "x"},
		{"act", "ban", "email", testID, "--reason", "x"},
		{"act", "ban", "email:a@example.org", testID, "--reason", "x", "--json"},
		{"act", "merge", "email:a@example.org", testID, "--reason", "x"},
	} {
		_, _, code := call(t, "", append([]string{"--data", data}, args...)...)
		require.Equal(t, 2, code, args)
	}
	for status, want := range map[int]int{http.StatusConflict: 5, http.StatusForbidden: 4, http.StatusNotFound: 3, http.StatusServiceUnavailable: 1} {
		at := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
		p := apiProblem{Reason: "unknown_identifier", Fix: "look", Held: &steward.Held{ID: "x", Op: "ban", Actor: "anne", At: at}}
		f := newFakeAPI(t, status, map[string]any{"/v1/acts/preview": p})
		_, errs, code := call(t, "", "--data", homeWith(t, f.URL), "act", "ban", "email:a@example.org", testID, "--reason", "x", "--yes")
		require.Equal(t, want, code)
		require.Contains(t, errs, "ban by anne at 2026-03-10 09:00")
	}
}

func TestActList(t *testing.T) {
	at := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	a := steward.Identifier{Namespace: "card", Name: testID}
	f := newFakeAPI(t, http.StatusOK, map[string]any{"/v1/acts": steward.History{
		Acts: []steward.Act{{ID: "act-1", Op: "release", A: &a, At: at, Received: at, Actor: "anne", Reason: "hers \x1b[31m", Undoes: "act-0"}}, Next: "act-1",
	}})
	out, _, code := call(t, "", "--data", homeWith(t, f.URL), "act", "list", "--limit", "1", "--of", testID)
	require.Zero(t, code)
	require.Contains(t, out, "release (takes back act-0)")
	require.Contains(t, out, "more: --after act-1")
	require.NotContains(t, out, "\x1b")
	require.Contains(t, f.asked[0], "identifier="+testID)
}
