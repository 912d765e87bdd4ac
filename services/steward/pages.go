package steward

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"go.uber.org/zap"

	"rcu/pkg/httpserver"
	"rcu/pkg/identifier"
	"rcu/services/internal/explain"
	"rcu/services/internal/page"
)

//go:embed all:site
var siteFiles embed.FS

// Paths of the pages. No value of a customer stands in them: identifiers stand there by their names.
const (
	pathHome        = "/steward"
	pathLogin       = "/steward/login"
	pathQueue       = "/steward/queue"
	pathSearch      = "/steward/search"
	pathIdentifiers = "/steward/identifiers/"
	pathPairs       = "/steward/pairs/"
	pathLogout      = "/steward/logout"
	pathActs        = "/steward/acts"
)

// newSite parses the steward's pages.
func newSite() (*page.Site, error) {
	files, err := fs.Sub(siteFiles, "site")
	if err != nil {
		return nil, fmt.Errorf("opening the pages: %w", err)
	}
	words, err := fs.ReadFile(files, "words.yaml")
	if err != nil {
		return nil, fmt.Errorf("opening the words of the pages: %w", err)
	}
	return page.New(page.Config{Pages: files, Assets: files, Words: words, Home: pathHome, Funcs: template.FuncMap{"short": short}}) //nolint:wrapcheck // says all
}

// short is the beginning of a name, enough to tell two apart.
func short(name string) string { return name[:min(8, len(name))] }

// servePages serves the steward's pages.
func (s *Service) servePages() {
	get := func(path, route string, h pageHandler) { s.router.Handle("GET "+path, route, s.paged(route, h)) }
	post := func(path, route string, h pageHandler) { s.router.Handle("POST "+path, route, s.paged(route, h)) }
	shown := func(pattern, route string, h http.HandlerFunc) {
		s.router.Handle(pattern, route, page.Protect(h))
	}
	shown("GET "+pathLogin, "login_page", s.loginPage)
	shown("POST "+pathLogin, "login", s.login)
	post(pathLogout, "logout", s.logout)
	get(pathHome, "home", func(*visit) (*view, error) { return &view{to: pathQueue}, nil })
	get(pathQueue, "queue", s.queuePage)
	get(pathSearch, "search_page", s.searchPage)
	post(pathSearch, "search", s.search)
	get(pathIdentifiers+"{name}", "record", s.recordPage)
	post(pathIdentifiers+"{name}", "preview_page", s.previewIdentifier)
	get(pathPairs+"{a}/{b}", "pair", s.pairPage)
	post(pathPairs+"{a}/{b}", "preview_page", s.previewPair)
	get(pathActs, "acts_page", s.actsPage)
	post(pathActs, "act", s.confirm)
	get(pathActs+"/{id}", "act_page", s.actPage)
	post(pathActs+"/{id}", "preview_page", s.previewUndo)
	s.router.Handle("GET "+page.AssetsPath, "assets", s.desk.pages.Assets())
}

// visit is one request of a steward who is logged in.
type visit struct {
	request

	r        *http.Request
	form     url.Values // that was sent
	language page.Language
	words    page.Words
	token    string // of the forms of this session
}

// pageHandler answers a visit. A refusal that it returns is shown on a page of its own.
type pageHandler func(v *visit) (*view, error)

// view is the answer to a visit: a page, or the way to another one.
type view struct {
	to      string // another page; then nothing else counts
	name    string
	title   string // a key of words
	status  int    // 0: 200
	outcome string // in the audit; empty: ok
	told    bool   // it stands in the audit already
	ends    bool   // the session
	body    any
}

// screen is what every page shows around its own content.
type screen struct {
	Who   string // the steward; empty: nobody is logged in
	Token string // proves that a form was made for this session
	Path  string // of the page
	Body  any
}

func (v *visit) say(key string, args ...any) string { return v.words.In(v.language, key, args...) }

// told is a text of package explain as it stands on a page.
func (v *visit) told(text string) string {
	if v.language != page.French {
		return text
	}
	return french.Replace(text)
}

// french sets what French typography wants: apostrophes, and spaces that do not break before signs of two parts.
var french = strings.NewReplacer("'", "’", " :", "\u00a0:", " ;", "\u202f;", " ?", "\u202f?", " !", "\u202f!", "« ", "«\u00a0", " »", "\u00a0»")

// teller tells of the graph to the steward of a visit.
func (s *Service) teller(v *visit) explain.Teller {
	return explain.Teller{
		Language: explain.Language(v.language),
		Name:     func(k identifier.Key) string { return s.name(v.reader.Space, k) },
		Carries:  func(source string) bool { return s.deps.Controller != nil && v.reader.Reads(s.deps.Controller(source)) },
	}
}

// show writes a visit down and answers it.
func (s *Service) show(w http.ResponseWriter, v *visit, answer *view, err error) {
	if err != nil {
		answer, err = s.refusalView(v, err)
	}
	if err == nil && !answer.told && answer.to == "" {
		outcome := answer.outcome
		if outcome == "" {
			outcome = outcomeOK
		}
		err = s.tell(v.request, outcome)
	}
	switch {
	case err != nil:
		if !errors.Is(err, context.Canceled) && !errors.Is(err, errBook) {
			s.deps.Log.Error("answering a steward", zap.Error(err), zap.String("request_id", httpserver.RequestID(v.r.Context())))
		}
		httpserver.SetRetryAfter(w, retryAfter)
		s.render(w, v.r, http.StatusServiceUnavailable, "problem", "problem.title", screen{Who: v.reader.Name, Token: v.token, Body: v.say("problem.unavailable")})
	case answer.to != "":
		http.Redirect(w, v.r, answer.to, http.StatusSeeOther)
	default:
		s.render(w, v.r, max(answer.status, http.StatusOK), answer.name, answer.title, screen{Who: v.reader.Name, Token: v.token, Path: v.r.URL.Path, Body: answer.body})
	}
}

// refusalView shows a refusal; an error that is none is given back.
func (s *Service) refusalView(v *visit, err error) (*view, error) {
	var refused *refusal
	if !errors.As(err, &refused) {
		return nil, err
	}
	return &view{name: "problem", title: "problem.title", status: refused.status, outcome: refused.outcome, told: refused.outcome == "", body: v.explainProblem(refused)}, nil
}

// explainProblem tells a refusal in words. What no form of a page can cause is said to be unreadable.
func (v *visit) explainProblem(refused *refusal) string {
	if key := "problem." + refused.problem.Reason; v.words[key] != nil {
		return v.say(key)
	}
	return v.say("problem.bad_form")
}

func (s *Service) render(w http.ResponseWriter, r *http.Request, status int, name, title string, data screen) {
	if err := s.desk.pages.Render(w, r, status, name, title, data); err != nil {
		s.deps.Log.Error("writing a page", zap.Error(err), zap.String("request_id", httpserver.RequestID(r.Context())))
		w.WriteHeader(http.StatusInternalServerError)
	}
}
