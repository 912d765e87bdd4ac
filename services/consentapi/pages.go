package consentapi

import (
	"bytes"
	"html/template"
	"io"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"rcu/pkg/event/registry"
	eventpb "rcu/schemas/event"
)

// page is what a person sees behind a link.
type page struct {
	Lang, Title, Text, Button string // no button: there is nothing more to do
}

// words of the pages, in both languages.
var words = map[string]registry.Text{
	"ask_title":   {FR: "Ne plus recevoir ces messages", EN: "Stop these messages"},
	"ask_text":    {FR: "Vous ne recevrez plus de messages de ce type à cette adresse :", EN: "You will get no more messages of this kind at this address:"},
	"ask_button":  {FR: "Me désinscrire", EN: "Unsubscribe"},
	"done_title":  {FR: "C'est fait", EN: "Done"},
	"done_text":   {FR: "Votre choix est en vigueur dès maintenant :", EN: "Your choice is in force from now on:"},
	"yes_title":   {FR: "Confirmer votre accord", EN: "Confirm that you agree"},
	"yes_text":    {FR: "Vous avez dit oui à ceci. Sans confirmation, rien n'est envoyé :", EN: "You said yes to this. Without confirmation nothing is sent:"},
	"yes_button":  {FR: "Je confirme", EN: "I confirm"},
	"bad_title":   {FR: "Ce lien ne sert plus", EN: "This link is of no use any more"},
	"bad_text":    {FR: "Il a expiré, a déjà servi ou n'est pas complet. Rien n'a changé.", EN: "It has expired, was used, or is not whole. Nothing has changed."},
	"later_title": {FR: "Un instant", EN: "One moment"},
	"later_text":  {FR: "Votre choix n'a pas encore pu être appliqué. Recommencez dans un instant.", EN: "Your choice could not be put in force yet. Try again in a moment."},
	"anytime":     {FR: "Vous pouvez changer d'avis à tout moment. Refuser ne change ni vos prix, ni vos points, ni nos services.", EN: "You may change your mind at any time. Refusing changes neither your prices, nor your points, nor our services."},
}

var pageTemplate = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="{{.Lang}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex"><title>{{.Title}}</title>
<style>body{font:1.125rem/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}
button{font:inherit;padding:.75rem 1.5rem;border:2px solid #111;background:#111;color:#fff;border-radius:.25rem}
button:focus{outline:3px solid #06c;outline-offset:2px}</style></head>
<body><main><h1>{{.Title}}</h1><p>{{.Text}}</p>{{if .Button}}<form method="post"><button type="submit">{{.Button}}</button></form>{{end}}</main></body></html>
`))

// language is the one that a person reads: English where the browser prefers it, else French.
func language(r *http.Request) string {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		switch tag, _, _ := strings.Cut(strings.TrimSpace(part), ";"); {
		case strings.HasPrefix(tag, "fr"):
			return "fr"
		case strings.HasPrefix(tag, "en"):
			return "en"
		}
	}
	return "fr"
}

// show writes a page. No other page can frame it, and its address goes nowhere.
func (s *Service) show(w http.ResponseWriter, status int, p page) {
	s.html(w, status, pageTemplate, p)
}

func (s *Service) html(w http.ResponseWriter, status int, t *template.Template, data any) {
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		s.deps.Log.Error("writing a page", zap.Error(err))
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

// sentence says a text about a purpose.
func (s *Service) sentence(key, purpose, lang string) string {
	p, _ := s.deps.Registry.Purpose(purpose)
	return words[key].In(lang) + " " + p.Label.In(lang) + ". " + words["anytime"].In(lang)
}

func (s *Service) showProblem(w http.ResponseWriter, r *http.Request, p *problem) {
	lang, kind := language(r), "bad"
	if p.status == http.StatusServiceUnavailable {
		kind = "later"
		w.Header().Set("Retry-After", "1")
	}
	s.show(w, p.status, page{Lang: lang, Title: words[kind+"_title"].In(lang), Text: words[kind+"_text"].In(lang)})
}

// unsubscribePage shows what the link would do: whoever only opens links changes nothing.
func (s *Service) unsubscribePage(w http.ResponseWriter, r *http.Request) {
	t, p := s.openLink(r.PathValue("token"))
	if p != nil {
		s.showProblem(w, r, p)
		return
	}
	lang := language(r)
	s.show(w, http.StatusOK, page{lang, words["ask_title"].In(lang), s.sentence("ask_text", t.Purpose, lang), words["ask_button"].In(lang)})
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
	lang := language(r)
	s.show(w, http.StatusOK, page{Lang: lang, Title: words["done_title"].In(lang), Text: s.sentence("done_text", t.Purpose, lang)})
}

// confirmPage shows what would be confirmed: a scanner that opens links confirms nothing.
func (s *Service) confirmPage(w http.ResponseWriter, r *http.Request) {
	d, _, p := s.openPending(r.PathValue("token"))
	if p != nil {
		s.showProblem(w, r, p)
		return
	}
	lang := language(r)
	s.show(w, http.StatusOK, page{lang, words["yes_title"].In(lang), s.sentence("yes_text", d.GetPurpose(), lang), words["yes_button"].In(lang)})
}

// confirmed confirms a pending grant.
func (s *Service) confirmed(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 1<<10))
	if p := s.confirm(r, r.PathValue("token")); p != nil {
		s.showProblem(w, r, p)
		return
	}
	lang := language(r)
	d, _, _ := s.openPending(r.PathValue("token"))
	s.show(w, http.StatusOK, page{Lang: lang, Title: words["done_title"].In(lang), Text: s.sentence("done_text", d.GetPurpose(), lang)})
}
