package page

import (
	"slices"
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// Choice is one option of a list in a form.
type Choice struct{ Value, Label string }

// spoken are the languages that a form offers, by code of BCP 47.
var spoken = []string{"ar", "de", "en", "es", "fr", "it", "nl", "pl", "pt", "ro", "ru", "tr", "uk", "zh"}

var (
	countries = sync.OnceValue(func() map[Language][]Choice {
		return named(regions(), func(l Language, code string) string {
			return display.Regions(language.Make(string(l))).Name(language.MustParseRegion(code))
		})
	})
	languages = sync.OnceValue(func() map[Language][]Choice {
		return named(spoken, func(l Language, code string) string {
			return display.Languages(language.Make(string(l))).Name(language.Make(code))
		})
	})
)

// Countries lists the countries and territories of ISO 3166-1 by their names in a language.
func Countries(l Language) []Choice { return slices.Clone(countries()[l]) }

// SpokenLanguages lists languages in which people may want to be spoken to, by their names in a language.
func SpokenLanguages(l Language) []Choice { return slices.Clone(languages()[l]) }

// regions lists the two-letter codes of ISO 3166-1 that are in use.
func regions() []string {
	var out []string
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			code := string([]rune{a, b})
			r, err := language.ParseRegion(code)
			if err == nil && r.IsCountry() && !r.IsPrivateUse() && r.Canonicalize().String() == code && r.String() == code {
				out = append(out, code)
			}
		}
	}
	return out
}

// named names codes in every language of the pages, each in the order of its names.
func named(codes []string, name func(l Language, code string) string) map[Language][]Choice {
	out := map[Language][]Choice{}
	for _, l := range Languages() {
		var list []Choice
		for _, code := range codes {
			if label := name(l, code); label != "" {
				list = append(list, Choice{code, label})
			}
		}
		order := collate.New(language.Make(string(l)))
		slices.SortFunc(list, func(a, b Choice) int { return order.CompareString(a.Label, b.Label) })
		out[l] = list
	}
	return out
}
