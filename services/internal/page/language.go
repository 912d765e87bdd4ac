package page

import (
	"net/http"

	"golang.org/x/text/language"
)

// Language is a language that pages are written in, as in the attribute lang.
type Language string

// The languages of every page. French is the first: it is shown to who asks for none of them.
const (
	French  Language = "fr"
	English Language = "en"
)

// Languages lists them in the order in which a page offers them.
func Languages() []Language { return []Language{French, English} }

const (
	languageParameter = "lang"
	languageCookie    = "rcu_lang"
	languageSeconds   = 365 * 24 * 60 * 60
)

var matcher = language.NewMatcher([]language.Tag{language.French, language.English})

// LanguageOf is the language to answer a request in: the one just chosen (?lang=), the one chosen before, else what the browser prefers.
func LanguageOf(r *http.Request) Language {
	if l, ok := known(r.URL.Query().Get(languageParameter)); ok {
		return l
	}
	if c, err := r.Cookie(languageCookie); err == nil {
		if l, ok := known(c.Value); ok {
			return l
		}
	}
	return Preferred(r.Header.Get("Accept-Language"))
}

// Preferred reads a header Accept-Language.
func Preferred(header string) Language {
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return French
	}
	_, i, sure := matcher.Match(tags...)
	if sure == language.No {
		return French
	}
	return Languages()[i]
}

// remember keeps a language that was just chosen.
func remember(w http.ResponseWriter, r *http.Request) {
	l, ok := known(r.URL.Query().Get(languageParameter))
	if !ok {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: languageCookie, Value: string(l), Path: "/", MaxAge: languageSeconds,
		HttpOnly: true, Secure: secure(r), SameSite: http.SameSiteLaxMode,
	})
}

func known(text string) (Language, bool) {
	for _, l := range Languages() {
		if text == string(l) {
			return l, true
		}
	}
	return "", false
}
