package main

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/boot"
	"rcu/services/internal/explain"
	"rcu/services/profileapi"
	"rcu/services/steward"
)

// What stands around the sentences of the services is in the language that was asked for, all of it.
func TestFrench_noEnglishWordIsLeft(t *testing.T) {
	at := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	a, b := explain.LinkEnd{Namespace: "card", Name: testID}, explain.LinkEnd{Namespace: "email", Name: testID2}
	seen := []explain.Witness{{At: at, Proved: true}, {At: at}}
	var links []explain.Link
	for _, outcome := range []string{"joined", "confirms", "refused"} {
		links = append(links, explain.Link{A: a, B: b, Outcome: outcome, Words: "…", Seen: seen, Act: "ban", ActID: "1", ActAt: &at})
	}
	x := explained{Asked: testID2, Explanation: profileapi.Explanation{
		RCUID: testID, Standing: "clean", Level: 2, Links: links, History: []explain.Transition{{At: at, Words: "…"}}, HistoryMore: true,
		Identifiers: []explain.StandingBecause{{LinkEnd: a, Standing: "clean", Because: "evidence"}, {LinkEnd: b, Standing: "quarantined", Because: "act", Words: "…"}},
	}, Identifiers: profileapi.Identifiers{Identifiers: []profileapi.KnownIdentifier{{Namespace: "card", Name: testID, Naming: true}}}}
	nobody := x
	nobody.Explanation.Standing, nobody.Explanation.HistoryUnavailable = "contested", true
	end := steward.Identifier(a)
	matter := steward.ReviewItem{
		Kind: "quarantined", Words: "…", Since: &at, Identifiers: []steward.Identifier{end}, People: []steward.Person{{RCUID: testID}}, MorePeople: 3, Links: links[:1],
		Acts: []steward.ReviewAct{{Op: "ban", A: &end}},
	}
	print := func(lang string) string {
		var out bytes.Buffer
		printExplanation(&out, &x, lang)
		printExplanation(&out, &nobody, lang)
		printWhyNot(&out, &profileapi.WhyNot{A: a, B: b, Words: "…", Path: links}, lang)
		printReview(&out, &steward.Review{Items: []steward.ReviewItem{matter}, Next: "place"}, lang)
		printReview(&out, &steward.Review{}, lang)
		return strings.ReplaceAll(out.String(), "rcu act ban", "rcu act …") // a command is what it is
	}
	in, other := print("en"), print("fr")
	placeholder := regexp.MustCompile(`%[sd]`)
	said := 0
	for english, word := range french {
		if english == word {
			continue
		}
		parts := placeholder.Split(english, -1)
		for i, part := range parts {
			parts[i] = regexp.QuoteMeta(part)
		}
		whole := regexp.MustCompile(`(?m)(^|[^\pL])` + strings.Join(parts, `.*`) + `($|[^\pL])`)
		if whole.MatchString(in) {
			said++
		}
		require.NotRegexp(t, whole, other)
	}
	require.Greater(t, said, 25, "frames are not shown: the test says nothing")
}

// A fault of ours is not the end of a command that did its work.
func TestLeft_aPanicGoesOn(t *testing.T) {
	trouble := errors.New("trouble")
	require.Equal(t, trouble, left(nil, trouble))
	require.NoError(t, left(nil, nil))
	require.NoError(t, left(leave{0}, nil), "help was asked for")
	require.Equal(t, &boot.Silent{Code: boot.ExitUsage}, left(leave{80}, nil))
	require.PanicsWithValue(t, "a fault", func() { _ = left("a fault", nil) })
}
