package profileapi_test

import (
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/services/internal/contract"
	"rcu/services/internal/explain"
	"rcu/services/profileapi"
)

// family is a world with an address that two cards share: it joins nobody.
func family(t *testing.T) (w *world, a *api, one, two, address string) {
	t.Helper()
	w = newWorld(t)
	for i, number := range []string{"88001111", "88002222"} {
		w.send(till, "sale", at(10+i, 9), fields{"identifiers": ids("card", number, "email", "family@example.org"), "data": total(100)})
	}
	a = newAPI(t, w, func(_ *profileapi.Config, d *profileapi.Deps) {
		d.Controller = func(source string) string {
			return map[string]string{"store-shop-fr": "shop-fr", "store-spa-fr": "spa-fr"}[source]
		}
	})
	return w, a, w.name(identifier.Card, "88001111"), w.name(identifier.Card, "88002222"), w.name(identifier.Email, "family@example.org")
}

func TestExplain_tellsWitnessesAndStandingsInWords(t *testing.T) {
	w, a, one, _, address := family(t)
	var why profileapi.Explanation
	a.get("adviser", "/v1/profiles/"+address+"/explain?purpose=contract").json(&why)
	require.Equal(t, "quarantined", why.Standing)
	require.Len(t, why.Identifiers, 1)
	require.Equal(t, "owners", why.Identifiers[0].Because)
	require.Len(t, why.Identifiers[0].Owners, 2)
	require.Equal(t, "it was seen with 2 owners (2 proved), and may have 1: it joins nobody", why.Identifiers[0].Words)
	require.Len(t, why.Links, 2)
	require.Equal(t, []profileapi.Witness{{At: at(10, 9), Proved: true, Source: "store-shop-fr", Event: "e1"}}, linkOf(t, why, one).Seen)

	r := httptest.NewRequest(http.MethodGet, "/v1/profiles/"+address+"/explain?purpose=contract", nil)
	r.Header.Set("Accept-Language", "de, fr-CA;q=0.8, en;q=0.5")
	got := a.do(r, "adviser")
	got.json(&why)
	require.Equal(t, "fr", got.Header().Get("Content-Language"))
	require.Contains(t, why.Links[0].Words, "refusé : l'un d'eux est lié à plus de personnes")

	// An event of a controller that the key does not carry is told of without its name.
	w.send(spa, "sale", at(9, 9), fields{"identifiers": ids("card", "88001111", "phone", "0611111113"), "data": total(100)})
	body := a.get("adviser", "/v1/profiles/"+one+"/explain?purpose=contract").Body.String()
	require.NotContains(t, body, "store-spa-fr")
	require.Contains(t, body, "2026-03-09T09:00:00Z")
	require.Contains(t, a.get("adviser+", "/v1/profiles/"+one+"/explain?purpose=contract").Body.String(), "store-spa-fr")
}

func linkOf(t *testing.T, x profileapi.Explanation, name string) profileapi.Link {
	t.Helper()
	for _, l := range x.Links {
		if l.A.Name == name || l.B.Name == name {
			return l
		}
	}
	t.Fatal("no link")
	return profileapi.Link{}
}

func TestExplain_tellsOfActs(t *testing.T) {
	w, a, one, _, _ := family(t)
	card := identifier.KeyOf(identifier.Card, w.ring.Pseudonym(space, identifier.Card, "88001111"))
	email := identifier.KeyOf(identifier.Email, w.ring.Pseudonym(space, identifier.Email, "family@example.org"))
	for i, act := range []*identity.Act{{ID: "act-1", T: 500, Op: identity.Ban, A: card, B: email}, {ID: "act-2", T: 600, Op: identity.Release, A: email}} {
		_, err := w.graph.Apply(t.Context(), space, []identity.Fact{act}, nil, clock.Unix()+int64(i))
		require.NoError(t, err)
	}
	var why profileapi.Explanation
	a.get("adviser", "/v1/profiles/"+one+"/explain?purpose=contract").json(&why)
	l := why.Links[0]
	require.Equal(t, []string{"refused", "banned", "ban", "act-1"}, []string{l.Outcome, l.Reason, l.Act, l.ActID})
	require.Equal(t, time.Unix(500, 0).UTC(), *l.ActAt)
}

func TestWhyNot(t *testing.T) {
	w, a, one, two, address := family(t)
	ask := func(from, to string) (out profileapi.WhyNot) {
		t.Helper()
		a.get("steward", "/v1/profiles/"+from+"/why-not/"+to+"?purpose=contract").json(&out)
		return out
	}
	x := ask(one, two)
	require.False(t, x.Same)
	require.Len(t, x.Path, 2)
	require.Equal(t, "quarantined", x.Path[0].Reason)
	require.Contains(t, x.Words, "They are two people, because of what lies between them:")
	require.True(t, ask(one, one).Same)
	require.Len(t, ask(one, address).Path, 1)

	w.send(till, "sale", at(12, 9), fields{"identifiers": ids("card", "88003333"), "data": total(100)})
	x = ask(one, w.name(identifier.Card, "88003333"))
	require.Empty(t, x.Path)
	require.Equal(t, "They are two people: nothing ever showed them together, directly or by others.", x.Words)

	w.send(spa, "sale", at(12, 9), fields{"identifiers": ids("card", "88004444"), "data": total(100)})
	require.Equal(t, http.StatusNotFound, a.get("steward", "/v1/profiles/"+one+"/why-not/"+w.name(identifier.Card, "88004444")+"?purpose=contract").Code, "of another controller")
	require.Equal(t, http.StatusBadRequest, a.get("steward", "/v1/profiles/"+one+"/why-not/zz?purpose=contract").Code)
	require.Equal(t, "why_not", a.written(1)[0].GetAction())
}

func wellFormed(t *testing.T, raw []byte) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(string(raw))); ; {
		if _, err := d.Token(); err != nil {
			require.ErrorIs(t, err, io.EOF)
			return
		}
	}
}

func TestExplain_isDrawnOnRequest(t *testing.T) {
	_, a, one, _, _ := family(t)
	r := httptest.NewRequest(http.MethodGet, "/v1/profiles/"+one+"/explain?purpose=contract", nil)
	r.Header.Set("Accept", "image/svg+xml")
	got := a.do(r, "steward")
	require.Equal(t, http.StatusOK, got.Code)
	require.Equal(t, "image/svg+xml", got.Header().Get("Content-Type"))
	wellFormed(t, got.Body.Bytes())
}

// happened is a history with one transition of whatever is asked for.
type happened struct{ err error }

func (x *happened) History(_ context.Context, _ string, names []string, _ int) ([]explain.Transition, bool, error) {
	return []explain.Transition{{
		ID: "7-0", At: at(10, 9), Kind: "merged", RCUID: names[0], Before: names, After: names[:1], Identifiers: names, Cause: explain.Cause{Kind: "event", ID: "00"},
	}}, true, x.err
}

func TestExplain_tellsWhatHappenedToTheRecord(t *testing.T) {
	w := newWorld(t)
	w.send(till, "sale", at(10, 9), fields{"identifiers": ids("card", "88001111", "email", "marie@example.org"), "data": total(100)})
	history := &happened{}
	a := newAPI(t, w, func(_ *profileapi.Config, d *profileapi.Deps) { d.History = history })
	path := "/v1/profiles/" + w.name(identifier.Card, "88001111") + "/explain?purpose=contract"
	published := contract.Load(t, "profile-api")
	read := func() (why profileapi.Explanation) {
		got := a.get("adviser", path)
		got.json(&why)
		require.NoError(t, published.Hold(t, http.MethodGet, path, "", got.ResponseRecorder))
		return why
	}
	why := read()
	require.Len(t, why.History, 1)
	require.Len(t, why.History[0].Before, 2, "of every identifier that the profile holds")
	require.Contains(t, why.History[0].Words, "2 records became one")
	require.True(t, why.HistoryMore)
	require.False(t, why.HistoryUnavailable)

	history.err = errAway // the rest is told without it
	why = read()
	require.Empty(t, why.History)
	require.True(t, why.HistoryUnavailable)
	require.NotEmpty(t, why.Links)
	require.Equal(t, "role", a.get("seller", path).reason())
}
