package consentapi

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"net/http"

	"go.uber.org/zap"

	eventpb "rcu/schemas/event"
	"rcu/services/internal/page"
)

//go:embed all:site
var site embed.FS

// newSite parses the pages of the consent API.
func newSite() (*page.Site, error) {
	pages, err := fs.Sub(site, "site")
	if err != nil {
		return nil, fmt.Errorf("opening the pages: %w", err)
	}
	words, err := fs.ReadFile(pages, "words.yaml")
	if err != nil {
		return nil, fmt.Errorf("opening the words of the pages: %w", err)
	}
	return page.New(page.Config{Pages: pages, Assets: pages, Words: words, Home: "/v1/register"}) //nolint:wrapcheck // says all
}

// message is what a person sees behind a link: keys of words, and the purpose that it is about.
type message struct {
	Text    string
	Purpose string // in the language of the page
	Button  string // none: there is nothing more to do
}

// show answers with a message of a kind (ask, done, confirm, bad, later) about a purpose.
func (s *Service) show(w http.ResponseWriter, r *http.Request, status int, kind, purpose, button string) {
	m := message{Text: kind + ".text", Button: button}
	if p, known := s.deps.Registry.Purpose(purpose); known {
		m.Purpose = p.Label.In(string(page.LanguageOf(r)))
	}
	s.render(w, r, status, "message", kind+".title", m)
}

func (s *Service) render(w http.ResponseWriter, r *http.Request, status int, name, title string, data any) {
	if err := s.site.Render(w, r, status, name, title, data); err != nil {
		s.deps.Log.Error("writing a page", zap.Error(err))
		w.WriteHeader(http.StatusInternalServerError)
	}
}

func (s *Service) showProblem(w http.ResponseWriter, r *http.Request, p *problem) {
	kind := "bad"
	if p.status == http.StatusServiceUnavailable {
		kind = "later"
		w.Header().Set("Retry-After", "1")
	}
	s.show(w, r, p.status, kind, "", "")
}

// unsubscribePage shows what the link would do: whoever only opens links changes nothing.
func (s *Service) unsubscribePage(w http.ResponseWriter, r *http.Request) {
	t, p := s.openLink(r.PathValue("token"))
	if p != nil {
		s.showProblem(w, r, p)
		return
	}
	s.show(w, r, http.StatusOK, "ask", t.Purpose, "ask.button")
}

// unsubscribe withdraws: by the button of the page, or by the one click of a mail program (RFC 8058).
func (s *Service) unsubscribe(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 1<<10))
	t, p := s.openLink(r.PathValue("token"))
	if p == nil {
		d := s.withdrawal(t)
		if _, err := s.deny(r.Context(), []*eventpb.Decision{d}); err != nil {
			s.deps.Log.Error("a withdrawal is not in force yet", zap.Error(err))
			p = notInForce
		}
	}
	if p != nil {
		s.showProblem(w, r, p)
		return
	}
	s.metrics.decisions.WithLabelValues("withdraw").Inc()
	s.show(w, r, http.StatusOK, "done", t.Purpose, "")
}

// confirmPage shows what would be confirmed: a scanner that opens links confirms nothing.
func (s *Service) confirmPage(w http.ResponseWriter, r *http.Request) {
	d, _, p := s.openPending(r.PathValue("token"))
	if p != nil {
		s.showProblem(w, r, p)
		return
	}
	s.show(w, r, http.StatusOK, "confirm", d.GetPurpose(), "confirm.button")
}

// confirmed confirms a pending grant.
func (s *Service) confirmed(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 1<<10))
	if p := s.confirm(r, r.PathValue("token")); p != nil {
		s.showProblem(w, r, p)
		return
	}
	d, _, _ := s.openPending(r.PathValue("token"))
	s.show(w, r, http.StatusOK, "done", d.GetPurpose(), "")
}
