package steward

import (
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/auth"
)

// window is a browser without scripts: it keeps cookies and sends forms as they stand on a page.
type window struct {
	r        *rig
	s        *Service
	language string
	cookies  map[string]*http.Cookie
	header   http.Header // sent with each request
}

// shownPage is what came back.
type shownPage struct {
	t    testing.TB
	w    *window
	code int
	to   string // where it leads
	body string
}

func (r *rig) window(language string) *window {
	return &window{r: r, s: r.s, language: language, cookies: map[string]*http.Cookie{}, header: http.Header{}}
}

// steward is a window in which somebody has logged in.
func (r *rig) steward(key, language string) *window {
	r.t.Helper()
	w := r.window(language)
	got := w.post("/steward/login", url.Values{"key": {key}})
	require.Equal(r.t, http.StatusSeeOther, got.code, got.body)
	return w
}

func (w *window) ask(method, path string, form url.Values) *shownPage {
	w.r.t.Helper()
	q := httptest.NewRequestWithContext(w.r.t.Context(), method, path, strings.NewReader(form.Encode()))
	q.Header.Set("Accept-Language", w.language)
	if method == http.MethodPost {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	maps.Copy(q.Header, w.header)
	for _, c := range w.cookies {
		q.AddCookie(c)
	}
	got := httptest.NewRecorder()
	w.s.router.ServeHTTP(got, q)
	for _, c := range got.Result().Cookies() {
		if w.cookies[c.Name] = c; c.MaxAge < 0 {
			delete(w.cookies, c.Name)
		}
	}
	return &shownPage{w.r.t, w, got.Code, got.Header().Get("Location"), got.Body.String()}
}

func (w *window) get(path string) *shownPage { return w.ask(http.MethodGet, path, nil) }
func (w *window) post(path string, form url.Values) *shownPage {
	return w.ask(http.MethodPost, path, form)
}

// open gets a page that must be there.
func (w *window) open(path string) *shownPage {
	w.r.t.Helper()
	p := w.get(path)
	require.Equal(w.r.t, http.StatusOK, p.code, "%s %s", p.body, w.r.logs)
	return p
}

// follow opens where a page leads.
func (p *shownPage) follow() *shownPage {
	p.t.Helper()
	require.Equal(p.t, http.StatusSeeOther, p.code, p.body)
	return p.w.open(p.to)
}

var (
	formPart  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>`)
	fieldPart = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// form is the form of a page that is sent to a path, with its hidden fields.
func (p *shownPage) form(path string) url.Values {
	p.t.Helper()
	for _, f := range formPart.FindAllStringSubmatch(p.body, -1) {
		if f[1] != path {
			continue
		}
		out := url.Values{}
		for _, field := range fieldPart.FindAllStringSubmatch(f[2], -1) {
			out.Set(field[1], html.UnescapeString(field[2]))
		}
		return out
	}
	require.Fail(p.t, "no form is sent to "+path, p.body)
	return nil
}

// send fills a form of the page and sends it.
func (p *shownPage) send(path string, fields map[string]string) *shownPage {
	p.t.Helper()
	form := p.form(path)
	for name, value := range fields {
		form.Set(name, value)
	}
	return p.w.post(path, form)
}

// says wants texts on a page, in the order given.
func (p *shownPage) says(texts ...string) *shownPage {
	p.t.Helper()
	rest := html.UnescapeString(p.body)
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		require.True(p.t, found, "%q does not stand there (any more): %s", text, html.UnescapeString(p.body))
		rest = after
	}
	return p
}

// recorder takes a cookie.
type recorder struct{ *httptest.ResponseRecorder }

func newRecorder() *recorder { return &recorder{httptest.NewRecorder()} }

func (recorder) request(t *testing.T) *http.Request {
	t.Helper()
	return httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody)
}

// hashOf is what a session of a key carries.
func hashOf(key string) string {
	h := auth.HashKey(key)
	return string(h[:])
}
