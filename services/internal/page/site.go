package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed base
var base embed.FS

// Config is what a service brings for its pages.
type Config struct {
	Pages  fs.FS            // *.html at its root: one page each, defining "main" and perhaps "nav"; files that begin with _ belong to every page
	Assets fs.FS            // *.css, *.js and *.svg at its root; may be nil
	Words  []byte           // the file of words of the service
	Home   string           // the path of its first page
	Funcs  template.FuncMap // of the service; may be nil
}

// Site renders the pages of one service.
type Site struct {
	words  Words
	home   string
	assets *assets
	pages  map[Language]map[string]*template.Template
}

// View is what the layout and a page see.
type View struct {
	Language Language
	Title    string // in the language of the view
	Path     string // of the page, without query
	Home     string
	Data     any
}

// New parses every page in every language. A page that names a key without words, or an asset that is not there, is an error.
func New(cfg Config) (*Site, error) {
	words, err := mergedWords(cfg.Words)
	if err != nil {
		return nil, err
	}
	files, err := gatherAssets(cfg.Assets)
	if err != nil {
		return nil, err
	}
	s := &Site{words: words, home: cfg.Home, assets: files, pages: map[Language]map[string]*template.Template{}}
	for _, l := range Languages() {
		if s.pages[l], err = s.parse(l, cfg); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// mergedWords are the words of the layout and of the service.
func mergedWords(own []byte) (Words, error) {
	file, err := base.ReadFile("base/words.yaml")
	if err != nil {
		return nil, fmt.Errorf("reading the words of the layout: %w", err)
	}
	words, err := ParseWords(file)
	if err != nil {
		return nil, err
	}
	more, err := ParseWords(own)
	if err != nil {
		return nil, err
	}
	for key, texts := range more {
		if words[key] != nil {
			return nil, fmt.Errorf("reading words: %s stands in the layout already", key)
		}
		words[key] = texts
	}
	return words, nil
}

// parse reads the pages in one language.
func (s *Site) parse(l Language, cfg Config) (map[string]*template.Template, error) {
	frame, err := template.New("layout.html").Funcs(s.funcs(l)).Funcs(cfg.Funcs).Option("missingkey=error").ParseFS(base, "base/layout.html")
	if err != nil {
		return nil, fmt.Errorf("parsing the layout: %w", err)
	}
	names, err := fs.Glob(cfg.Pages, "*.html")
	if err != nil {
		return nil, fmt.Errorf("listing pages: %w", err)
	}
	out := map[string]*template.Template{}
	for _, name := range names {
		if strings.HasPrefix(name, "_") {
			if frame, err = frame.ParseFS(cfg.Pages, name); err != nil {
				return nil, fmt.Errorf("parsing %s: %w", name, err)
			}
		}
	}
	for _, name := range names {
		if strings.HasPrefix(name, "_") {
			continue
		}
		t, err := template.Must(frame.Clone()).ParseFS(cfg.Pages, name)
		if err != nil {
			return nil, fmt.Errorf("parsing %s: %w", name, err)
		}
		if missing := s.missing(t); len(missing) > 0 {
			return nil, fmt.Errorf("parsing %s: %s missing", name, strings.Join(missing, ", "))
		}
		out[strings.TrimSuffix(path.Base(name), ".html")] = t
	}
	return out, nil
}

// funcs are what a template may call.
func (s *Site) funcs(l Language) template.FuncMap {
	return template.FuncMap{
		"t":         func(key string, args ...any) string { return s.words.In(l, key, args...) },
		"counted":   func(key string, n int, args ...any) string { return s.words.Counted(l, key, n, args...) },
		"date":      func(t time.Time) string { return Date(l, t) },
		"moment":    func(t time.Time) string { return Moment(l, t) },
		"number":    func(n int64) string { return Number(l, n) },
		"asset":     s.assets.path,
		"languages": Languages,
	}
}

// Words are the words of the pages, for what is said elsewhere than in a template.
func (s *Site) Words() Words { return s.words }

// Render answers with a page in the language of the request. Nothing is sent when the page cannot be rendered whole.
func (s *Site) Render(w http.ResponseWriter, r *http.Request, status int, name, titleKey string, data any) error {
	l := LanguageOf(r)
	t := s.pages[l][name]
	if t == nil {
		return fmt.Errorf("rendering %s: there is no such page", name)
	}
	var b bytes.Buffer
	err := t.ExecuteTemplate(&b, "layout.html", View{Language: l, Title: s.words.In(l, titleKey), Path: r.URL.Path, Home: s.home, Data: data})
	if err != nil {
		return fmt.Errorf("rendering %s: %w", name, err)
	}
	remember(w, r)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(l))
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
	return nil
}
