package consentapi

import (
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"

	"rcu/pkg/event/registry"
	"rcu/pkg/httpserver"
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
	lang := r.URL.Query().Get("lang")
	switch lang {
	case "":
		lang = language(r)
	case "fr", "en":
	default:
		refuse(http.StatusBadRequest, "language", "lang", "use fr or en").write(w, r)
		return
	}
	a := registerOf(s.deps.Registry, lang)
	w.Header().Set("Vary", "Accept, Accept-Language")
	w.Header().Set("Content-Language", lang)
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.html(w, http.StatusOK, registerTemplate, struct {
			registerAnswer
			Head map[string]string
		}{a, headings[lang]})
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

var headings = map[string]map[string]string{
	"fr": {
		"title": "À quoi servent vos données", "purposes": "Les finalités", "refused": "Ce que nous refusons de faire", "fields": "Les données, une par une",
		"purpose": "Finalité", "why": "Pourquoi", "basis": "Base légale", "validity": "Durée", "owner": "Service en charge", "source": "Source", "field": "Donnée",
		"retention": "Conservation", "recipients": "Destinataires", "nobody": "aucun",
	},
	"en": {
		"title": "What your data is used for", "purposes": "Purposes", "refused": "What we refuse to do", "fields": "The data, one by one",
		"purpose": "Purpose", "why": "Why", "basis": "Legal basis", "validity": "For how long", "owner": "Owner", "source": "Source", "field": "Data",
		"retention": "Kept", "recipients": "Recipients", "nobody": "none",
	},
}

var registerTemplate = template.Must(template.New("register").Parse(`<!doctype html>
<html lang="{{.Language}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{.Head.title}}</title>
<style>body{font:1rem/1.5 system-ui,sans-serif;max-width:75rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}
div{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.5rem;border-bottom:1px solid #767676}</style></head>
<body><main><h1>{{.Head.title}}</h1>
<h2 id="p">{{.Head.purposes}}</h2><div role="region" aria-labelledby="p" tabindex="0"><table><thead><tr><th scope="col">{{.Head.purpose}}</th><th scope="col">{{.Head.why}}</th><th scope="col">{{.Head.basis}}</th><th scope="col">{{.Head.validity}}</th><th scope="col">{{.Head.recipients}}</th><th scope="col">{{.Head.owner}}</th><th scope="col">{{.Head.source}}</th></tr></thead><tbody>
{{range .Purposes}}<tr><th scope="row">{{.Label}}</th><td>{{.Why}}</td><td>{{.Basis}}</td><td>{{.Validity}}</td><td>{{range .Recipients}}{{.}} {{else}}{{$.Head.nobody}}{{end}}</td><td>{{.Owner}}</td><td>{{.Source}}</td></tr>
{{end}}</tbody></table></div>
<h2 id="r">{{.Head.refused}}</h2><ul>{{range .Refused}}<li><strong>{{.Label}}</strong>. {{.Why}} ({{.Source}}).</li>
{{end}}</ul>
<h2 id="f">{{.Head.fields}}</h2><div role="region" aria-labelledby="f" tabindex="0"><table><thead><tr><th scope="col">{{.Head.field}}</th><th scope="col">{{.Head.why}}</th><th scope="col">{{.Head.purpose}}</th><th scope="col">{{.Head.retention}}</th><th scope="col">{{.Head.owner}}</th></tr></thead><tbody>
{{range .Fields}}<tr><th scope="row">{{.Contract}} {{.Field}}</th><td>{{.Why}}</td><td>{{.Purpose}}</td><td>{{.Retention}}</td><td>{{.Owner}}</td></tr>
{{end}}</tbody></table></div></main></body></html>
`))
