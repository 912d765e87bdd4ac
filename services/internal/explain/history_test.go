package explain

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

// told is a history that is always the same.
type told struct {
	list []Transition
	err  error
	of   []string
}

func (x *told) History(_ context.Context, _ string, names []string, limit int) ([]Transition, bool, error) {
	x.of = names
	return append([]Transition(nil), x.list...), len(x.list) > limit, x.err
}

var errAway = errors.New("away")

func TestAddHistory_namesWhatCausedIt(t *testing.T) {
	a, b := identifier.Key{Namespace: "card", Value: "aaaa"}, identifier.Key{Namespace: "email", Value: "bbbb"}
	e := resolve.Explanation{
		Profile: resolve.Profile{Canonical: a, Members: []identifier.Key{a, b}},
		Edges: []resolve.EdgeView{
			{A: a, B: b, Seen: []identity.Witness{{Event: "till-12/t-1"}, {Event: "other-1/x"}}, Act: identity.Ban, ActID: "act-7"},
		},
	}
	at := time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)
	from := &told{list: []Transition{
		{ID: "9-1", At: at, Kind: "split", Before: []string{"aaaa"}, After: []string{"aaaa", "bbbb"}, Cause: Cause{Kind: "act", ID: causeDigest("act-7")}},
		{ID: "7-0", At: at, Kind: "created", Identifiers: []string{"aaaa", "bbbb"}, Cause: Cause{Kind: "event", ID: causeDigest("till-12/t-1")}},
		{ID: "6-0", At: at, Kind: "merged", Before: []string{"aaaa", "cccc"}, Cause: Cause{Kind: "event", ID: causeDigest("other-1/x")}},
		{ID: "5-0", At: at, Kind: "quarantined", Identifiers: []string{"bbbb"}, Cause: Cause{Kind: "rules", ID: "3"}},
	}}
	teller := Teller{Name: func(k identifier.Key) string { return k.Value }, Carries: func(source string) bool { return source == "till-12" }}
	var out Explanation
	require.NoError(t, teller.AddHistory(t.Context(), from, "s", &e, &out))
	require.Equal(t, []string{"aaaa", "bbbb"}, from.of, "of the identifiers that it holds now")
	require.Equal(t, Cause{Kind: "act", ID: causeDigest("act-7"), Act: "act-7"}, out.History[0].Cause)
	require.Equal(t, Cause{Kind: "event", ID: causeDigest("till-12/t-1"), Source: "till-12", Event: "t-1"}, out.History[1].Cause)
	require.Equal(t, Cause{Kind: "event", ID: causeDigest("other-1/x")}, out.History[2].Cause, "an event of another controller is not named")
	require.Equal(t, []string{
		"one record became 2: aaaa, bbbb, by an act of a steward or a replaced card",
		"it was made, of 2 identifiers, by event t-1 of till-12",
		"2 records became one: aaaa, cccc, by an event",
		"identifier bbbb is quarantined from then on, by version 3 of the rules",
	}, wordsOf(&out))
	teller.Language = French
	require.NoError(t, teller.AddHistory(t.Context(), from, "s", &e, &out))
	require.Equal(t, "elle a été créée, avec 2 identifiants, par l'événement t-1 de till-12", wordsOf(&out)[1])
	require.False(t, out.HistoryUnavailable)
}

func wordsOf(x *Explanation) (out []string) {
	for _, h := range x.History {
		out = append(out, h.Words)
	}
	return out
}

// Every kind of transition but those of single links has words, in both languages.
func TestTransitionWords(t *testing.T) {
	for _, kind := range []resolve.TransitionKind{
		resolve.Created, resolve.Linked, resolve.Merged, resolve.Split, resolve.Renamed, resolve.Refused, resolve.BlockedNow, resolve.Quarantined,
		resolve.Contested, resolve.Released, resolve.Oversized, resolve.Banned, resolve.Lifted,
	} {
		for _, cause := range []string{"event", "act", "decision", "rules", "clock"} {
			x := Transition{Kind: string(kind), Reason: "unique", Cause: Cause{Kind: cause}}
			en, fr := English.transition(&x), French.transition(&x)
			require.NotEqual(t, en, fr)
			require.Equal(t, 2, len(strings.Split(en, ", by "))+len(strings.Split(en, ", because "))-1, en)
			require.Contains(t, en, " ")
		}
	}
}

func TestAddHistory_isToldWithoutWhatCannotBeRead(t *testing.T) {
	var out Explanation
	require.NoError(t, Teller{}.AddHistory(t.Context(), nil, "s", &resolve.Explanation{}, &out))
	require.True(t, out.HistoryUnavailable)
	out = Explanation{}
	require.ErrorIs(t, Teller{}.AddHistory(t.Context(), &told{err: errAway}, "s", &resolve.Explanation{}, &out), errAway)
	require.True(t, out.HistoryUnavailable)
}

func TestHappened_countsInWords(t *testing.T) {
	for _, tt := range []struct {
		of     []string
		fr, en string
	}{
		{[]string{"01aa"}, "elle a été créée, avec un identifiant", "it was made, of one identifier"},
		{[]string{"01aa", "01bb"}, "elle a été créée, avec 2 identifiants", "it was made, of 2 identifiers"},
	} {
		x := &Transition{Kind: string(resolve.Created), Identifiers: tt.of}
		require.Equal(t, tt.fr, French.happened(x))
		require.Equal(t, tt.en, English.happened(x))
	}
}
