package browser_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"rcu/services/e2e/browser"
	"rcu/services/internal/page"
)

const body = `{{define "main"}}<h1>{{t "hello"}}</h1>
<form method="post"><label for="name">{{t "name"}}</label><input id="name" name="name" value="{{.Data.Name}}"><div class="actions"><button class="primary" id="go">{{t "go"}}</button><button id="no" name="no">{{t "no"}}</button></div></form>{{end}}`

const words = `
hello: {fr: Bonjour, en: Hello}
name: {fr: Prénom, en: Given name}
go: {fr: Oui, en: "Yes"}
no: {fr: Non, en: "No"}
`

// server serves one page; a faulty one has an image without a text.
func server(t *testing.T, faulty bool) string {
	t.Helper()
	source := body
	if faulty {
		source = `{{define "main"}}<h1>{{t "hello"}}</h1><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><p class="pale">x</p>{{end}}`
	}
	s, err := page.New(page.Config{Pages: fstest.MapFS{"home.html": {Data: []byte(source)}}, Words: []byte(words), Home: "/"})
	require.NoError(t, err)
	mux := http.NewServeMux()
	mux.Handle("GET "+page.AssetsPath, s.Assets())
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if err := s.Render(w, r, http.StatusOK, "home", "hello", map[string]string{"Name": r.FormValue("name")}); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	web := httptest.NewServer(page.Protect(mux))
	t.Cleanup(web.Close)
	return web.URL
}

func TestFrame_hasNoBarriers(t *testing.T) {
	at := server(t, false)
	for name, size := range map[string]browser.Viewport{"desktop": browser.Desktop, "phone": browser.Phone} {
		p := browser.Open(t, size, "fr")
		p.Go(at)
		require.Equal(t, "Bonjour", p.See("h1"))
		p.NoBarriers()
		require.GreaterOrEqual(t, p.Contrast("#go"), 4.5)
		require.GreaterOrEqual(t, p.Box("#no").Height, 44.0)
		info, err := os.Stat(p.Screenshot("frame-" + name))
		require.NoError(t, err)
		require.NotZero(t, info.Size())
	}
}

func TestFrame_worksByKeyboard(t *testing.T) {
	p := browser.Open(t, browser.Desktop, "en-GB")
	p.Go(server(t, false))
	require.Equal(t, "Hello", p.See("h1"))
	require.Equal(t, 1, p.TabTo(".skip", 3), "the first stop leads past the head of the page")
	p.TabTo("#name", 10)
	p.Press("Z", "o")
	p.PressAndFollow(browser.Enter)
	var value string
	p.Eval(`document.querySelector("#name").value`, &value)
	require.Equal(t, "Zo", value)
	p.Submit(`.languages a[lang="fr"]`)
	require.Equal(t, "Bonjour", p.See("h1"))
}

func TestViolations_findsABarrier(t *testing.T) {
	p := browser.Open(t, browser.Desktop, "fr")
	p.Go(server(t, true))
	found := p.Violations()
	require.NotEmpty(t, found)
	require.Equal(t, "image-alt", found[0].ID)
}
