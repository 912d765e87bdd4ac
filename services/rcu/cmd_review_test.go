package main

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/explain"
	"rcu/services/steward"
)

func TestReview(t *testing.T) {
	at := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	card, mail := steward.Identifier{Namespace: "card", Name: testID}, steward.Identifier{Namespace: "email", Name: testID2}
	f := newFakeAPI(t, http.StatusOK, map[string]any{"/v1/review": steward.Review{
		Items: []steward.ReviewItem{{
			ID: "refused:1", Kind: "refused", Because: "unique", Words: "refused: \x1b[31m one person has only one of these", Weight: 3, Since: &at,
			Identifiers: []steward.Identifier{card, mail}, MorePeople: 2,
			People: []steward.Person{{RCUID: testID, Identifiers: []steward.Identifier{card}}, {RCUID: testID2, Identifiers: []steward.Identifier{mail}}},
			Links:  []explain.Link{{A: explain.LinkEnd(card), B: explain.LinkEnd(mail), Outcome: "refused", Words: "refused: two cards"}},
			Acts:   []steward.ReviewAct{{Op: "ban", A: &card, B: &mail}, {Op: "quarantine", A: &mail}},
		}}, Next: "refused.00", Counts: map[string]int{"refused": 4},
	}})
	data := homeWith(t, f.URL)
	out, _, code := call(t, "", "--data", data, "review", "--kind", "refused", "--limit", "1", "--after", "refused.ff", "--lang", "fr")
	require.Zero(t, code)
	for _, want := range []string{
		"refusé: card " + testID, "one person has only one of these", "2026-03-10 09:00", "personne", "et 2 de plus", "refused: two cards",
		"rcu act ban " + testID + " " + testID2, "rcu act quarantine " + testID2, "suite : --after refused.00",
	} {
		require.Contains(t, out, want)
	}
	require.NotContains(t, out, "\x1b")
	require.Contains(t, f.asked[0], "kind=refused")
	require.Contains(t, f.asked[0], "after=refused.ff")
	require.Equal(t, "fr", f.header.Get("Accept-Language"))
	require.Equal(t, "Bearer k-steward", f.header.Get("Authorization"))

	out, _, code = call(t, "", "--data", data, "review", "--json")
	require.Zero(t, code)
	var read steward.Review
	require.NoError(t, json.Unmarshal([]byte(out), &read))
	require.Equal(t, 4, read.Counts["refused"])

	empty := newFakeAPI(t, http.StatusOK, map[string]any{"/v1/review": steward.Review{}})
	out, _, code = call(t, "", "--data", homeWith(t, empty.URL), "review")
	require.Zero(t, code)
	require.Contains(t, out, "nothing to review")
	refused := newFakeAPI(t, http.StatusBadRequest, map[string]any{"/v1/review": apiProblem{Reason: "unknown_kind", Fix: "ask for another"}})
	_, errs, code := call(t, "", "--data", homeWith(t, refused.URL), "review", "--kind", "x")
	require.Equal(t, 2, code)
	require.Contains(t, errs, "unknown_kind")
}
