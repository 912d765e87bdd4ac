package page_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/services/internal/page"
)

const words = `
hello: {fr: "Bonjour %s", en: "Hello %s"}
title: {fr: Accueil, en: Home}
people.one: {fr: "%d personne", en: "%d person"}
people.other: {fr: "%d personnes", en: "%d people"}
`

const home = `{{define "main"}}<h1>{{t "hello" .Data.Name}}</h1><p>{{counted "people" .Data.N}}</p>{{template "note" .}}{{end}}`

func site(t *testing.T, file, body string) (*page.Site, error) {
	t.Helper()
	return page.New(page.Config{
		Pages:  fstest.MapFS{"home.html": {Data: []byte(body)}, "_note.html": {Data: []byte(`{{define "note"}}<p>{{number 12345}}</p>{{end}}`)}},
		Assets: fstest.MapFS{"own.js": {Data: []byte("1")}},
		Words:  []byte(file), Home: "/",
	})
}

func render(t *testing.T, s *page.Site, r *http.Request, data any) *httptest.ResponseRecorder {
	t.Helper()
	var told error
	w := httptest.NewRecorder()
	page.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		told = s.Render(w, r, http.StatusOK, "home", "title", data)
	})).ServeHTTP(w, r)
	require.NoError(t, told)
	return w
}

type greeting struct {
	Name string
	N    int
}

func TestRender_speaksTheLanguageOfTheBrowser(t *testing.T) {
	s, err := site(t, words, home)
	require.NoError(t, err)
	for _, c := range []struct{ query, cookie, accept, want string }{
		{"", "", "", "<h1>Bonjour Zoé</h1><p>0 personne</p><p>12\u202f345</p>"},
		{"", "", "en-GB,en;q=0.9,fr;q=0.5", "<h1>Hello Zoé</h1><p>0 people</p><p>12,345</p>"},
		{"", "", "de", "<h1>Bonjour Zoé</h1>"},
		{"", "", ";;;q=x", "<h1>Bonjour Zoé</h1>"},
		{"", "en", "fr", "<h1>Hello Zoé</h1>"},
		{"lang=fr", "en", "en", "<h1>Bonjour Zoé</h1>"},
		{"lang=xx", "", "en", "<h1>Hello Zoé</h1>"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/?"+c.query, nil)
		r.Header.Set("Accept-Language", c.accept)
		if c.cookie != "" {
			r.AddCookie(&http.Cookie{Name: "rcu_lang", Value: c.cookie})
		}
		w := render(t, s, r, greeting{Name: "Zoé"})
		require.Contains(t, w.Body.String(), c.want, "%+v", c)
		require.Contains(t, w.Body.String(), `<html lang="`+w.Header().Get("Content-Language")+`">`)
		require.Equal(t, c.query == "lang=fr", w.Header().Get("Set-Cookie") != "", "only a choice is remembered")
	}
}

func TestRender_escapesAndForbids(t *testing.T) {
	s, err := site(t, words, home)
	require.NoError(t, err)
	w := render(t, s, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), greeting{Name: `<script>x</script>`, N: 2})
	require.NotContains(t, w.Body.String(), "<script>x")
	require.Contains(t, w.Body.String(), "2 personnes")
	csp := w.Header().Get("Content-Security-Policy")
	require.Contains(t, csp, "default-src 'none'")
	require.NotContains(t, csp, "unsafe")
	require.Equal(t, "no-store", w.Header().Get("Cache-Control"))
}

func TestRender_sendsNothingThatIsNotWhole(t *testing.T) {
	s, err := site(t, words, home)
	require.NoError(t, err)
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	require.Error(t, s.Render(w, r, http.StatusOK, "home", "title", map[string]any{"Name": "x"}))
	require.Error(t, s.Render(w, r, http.StatusOK, "away", "title", nil))
	require.Empty(t, w.Body.String())
	require.Empty(t, w.Header())
}

func TestNew_refusesPagesThatLackSomething(t *testing.T) {
	for name, c := range map[string]struct{ words, body, want string }{
		"no such key":       {words, `{{define "main"}}{{if .Data}}{{t "bye"}}{{end}}{{end}}`, "bye"},
		"no plural":         {words, `{{define "main"}}{{counted "dogs" 1}}{{end}}`, "dogs.one, dogs.other"},
		"no English":        {"a: {fr: x}", home, "a has no text in en"},
		"other verbs":       {`a: {fr: "%d", en: "%s"}`, home, "other verbs"},
		"unknown language":  {"a: {fr: x, en: y, de: z}", home, "not known"},
		"layout's own word": {"layout.skip: {fr: x, en: y}", home, "layout.skip"},
		"half a count":      {`a.one: {fr: "%d", en: "%d"}`, home, "a.other"},
		"no asset":          {words, `{{define "main"}}{{end}}{{define "head"}}{{asset "x.js"}}{{end}}`, "x.js"},
	} {
		_, err := site(t, c.words, c.body)
		require.ErrorContains(t, err, c.want, name)
	}
}

func TestAssets_changeTheirPathWithTheirContent(t *testing.T) {
	s, err := site(t, words, `{{define "head"}}<script src="{{asset "own.js"}}"></script>{{end}}`+home)
	require.NoError(t, err)
	body := render(t, s, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), greeting{}).Body.String()
	_, after, found := strings.Cut(body, `src="`)
	require.True(t, found)
	at, _, _ := strings.Cut(after, `"`)
	w := httptest.NewRecorder()
	s.Assets().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, at, nil))
	require.Equal(t, "1", w.Body.String())
	require.Equal(t, "text/javascript; charset=utf-8", w.Header().Get("Content-Type"))
	w = httptest.NewRecorder()
	s.Assets().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/assets/../page_test.go", nil))
	require.Equal(t, http.StatusNotFound, w.Code)
}

func TestProtect_refusesFormsOfOtherSites(t *testing.T) {
	h := page.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for origin, want := range map[string]int{"cross-site": http.StatusForbidden, "same-origin": http.StatusNoContent} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(url.Values{"a": {"b"}}.Encode()))
		r.Header.Set("Sec-Fetch-Site", origin)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, origin)
	}
}

func TestDates(t *testing.T) {
	at := time.Date(2026, 8, 1, 9, 5, 0, 0, time.UTC)
	require.Equal(t, "1er août 2026", page.Date(page.French, at))
	require.Equal(t, "1 August 2026 at 09:05 UTC", page.Moment(page.English, at))
	require.Equal(t, "-1\u202f234\u202f567", page.Number(page.French, -1234567))
	require.Equal(t, "999", page.Number(page.English, 999))
}

func TestAmount(t *testing.T) {
	for want, got := range map[string]string{
		"1\u202f234,50 EUR": page.Amount(page.French, 123450, "EUR"), "-1,234.05 EUR": page.Amount(page.English, -123405, "EUR"),
		"0.05 EUR": page.Amount(page.English, 5, "EUR"), "1,500 XPF": page.Amount(page.English, 1500, "XPF"), "1.500 TND": page.Amount(page.English, 1500, "TND"),
		"320": page.Amount(page.French, 320, ""),
	} {
		require.Equal(t, want, got)
	}
}
