package consentapi

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"rcu/pkg/event/registry"
	"rcu/pkg/httpserver"
	"rcu/services/internal/page"
)

// The register as people read it, in one language.
type registerAnswer struct {
	Language string            `json:"language"`
	Purposes []registerPurpose `json:"purposes"`
	Fields   []registerField   `json:"fields"`
	Notices  []registerNotice  `json:"notices"`
	Refused  []registerRefused `json:"refused"`
	Terms    []registerTerm    `json:"terms"`
}

type registerPurpose struct {
	ID         string   `json:"id"`
	Label      string   `json:"label"`
	Why        string   `json:"why"`
	Benefit    string   `json:"benefit,omitempty"`
	Owner      string   `json:"owner"`
	Version    int      `json:"version"`
	Basis      string   `json:"basis"`
	Default    bool     `json:"default"`
	Decidable  bool     `json:"decidable"`
	Channels   []string `json:"channels,omitempty"`
	SoftOptIn  []string `json:"soft_optin,omitempty"`
	Validity   string   `json:"validity"`
	Categories []string `json:"categories"`
	Recipients []string `json:"recipients"`
	Retention  string   `json:"retention"`
	Source     string   `json:"source"`
}

type registerField struct {
	Contract    string `json:"contract"`
	Field       string `json:"field"`
	Owner       string `json:"owner"`
	Purpose     string `json:"purpose"`
	Sensitivity string `json:"sensitivity"`
	Retention   string `json:"retention"`
	Why         string `json:"why"`
}

type registerNotice struct {
	ID       string   `json:"id"`
	Version  string   `json:"version"`
	From     string   `json:"from"`
	Purposes []string `json:"purposes"`
	SHA256   string   `json:"sha256"`
	Text     string   `json:"text"`
}

type registerRefused struct {
	ID     string `json:"id"`
	Label  string `json:"label"`
	Why    string `json:"why"`
	Source string `json:"source"`
}

type registerTerm struct {
	ID string `json:"id"`
	registry.Term
}

// register shows to everybody what data is used for, and what it is never used for. It holds nothing of anybody.
func (s *Service) register(w http.ResponseWriter, r *http.Request) {
	lang := string(page.LanguageOf(r))
	if asked := r.URL.Query().Get("lang"); asked != "" && asked != lang {
		refuse(http.StatusBadRequest, "language", "lang", "use fr or en").write(w, r)
		return
	}
	a := registerOf(s.deps.Registry, lang)
	w.Header().Set("Vary", "Accept, Accept-Language")
	w.Header().Set("Content-Language", lang)
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.render(w, r, http.StatusOK, "register", "register.title", a)
		return
	}
	httpserver.WriteJSON(w, http.StatusOK, a)
}

// registerOf is the register in one language, in a fixed order.
func registerOf(reg *registry.Registry, lang string) registerAnswer {
	a := registerAnswer{Language: lang}
	for _, id := range keysOf(reg.Purposes) {
		p := reg.Purposes[id]
		x := registerPurpose{
			id, p.Label.In(lang), p.Because.In(lang), p.Benefit.In(lang), p.Owner, p.Version, p.Basis, p.Default, p.Decidable, p.Channels, nil,
			p.Validity, p.Categories, p.Recipients, p.Retention, p.Source,
		}
		for _, c := range keysOf(p.On) {
			if p.On[c].SoftOptIn {
				x.SoftOptIn = append(x.SoftOptIn, c)
			}
		}
		a.Purposes = append(a.Purposes, x)
	}
	field := func(contract, path string, f registry.Field) {
		a.Fields = append(a.Fields, registerField{
			contract, path, f.Owner, f.Purpose, string(f.Sensitivity), f.Retention, reg.Justifications[f.Because].In(lang),
		})
	}
	for _, name := range keysOf(reg.Traits) {
		field("traits", name, reg.Traits[name])
	}
	for _, contract := range keysOf(reg.Fields) {
		for _, path := range keysOf(reg.Fields[contract]) {
			field(contract, path, reg.Fields[contract][path])
		}
	}
	for _, id := range keysOf(reg.Notices) {
		for _, version := range keysOf(reg.Notices[id]) {
			n := reg.Notices[id][version]
			text, _ := reg.NoticeText(id, version, lang)
			a.Notices = append(a.Notices, registerNotice{id, version, n.From, n.Purposes, n.SHA256[lang], text})
		}
	}
	for _, id := range keysOf(reg.Refused) {
		x := reg.Refused[id]
		a.Refused = append(a.Refused, registerRefused{id, x.Label.In(lang), x.Because.In(lang), x.Source})
	}
	for _, id := range keysOf(reg.Terms) {
		a.Terms = append(a.Terms, registerTerm{id, reg.Terms[id]})
	}
	return a
}

func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
