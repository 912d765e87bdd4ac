package match

import (
	"fmt"
	"strings"
)

// inWords are the words of one language.
type inWords struct {
	comparisons map[string]string
	levels      map[string]string // of comparison.level, else of level
	forIt       string
	against     string
	sum         string
	together    string
	apart       string
	title       string
}

var languages = map[string]inWords{
	"en": {
		comparisons: map[string]string{
			stepPrior: "Two records at random", stepFamily: "Could be two people of one family", stepTooLittle: "Too little to say: two properties have to be compared", "given": "Given name", "family": "Family name", "order": "Order of the names",
			"birth": "Birth date", "street": "Street", "complement": "Address complement", "place": "Postcode and town", "email": "E-mail", "phone": "Phone", "gender": "Gender",
			"birth_place": "Town of birth", "occupation": "Profession", "personal": "Personal number",
		},
		levels: map[string]string{
			"different": "different", "initial": "an initial, or the same beginning", "loose": "alike, or heard alike", "part": "one is a part of the other", "close": "a typing error",
			"variant": "a diminutive", "same": "the same", "swapped": "given and family name swapped", "year": "the same year only", "partial": "one date says less than the other",
			"two_digits": "two digits differ", "two_parts": "two of day, month and year", "one_digit": "one digit differs", "birth.one_digit": "one digit differs, or day and month swapped",
			"street.loose": "some words are the same, or the number", "other_number": "the same street, another number", "alike": "much alike", "region": "the region only, or a postcode with an error",
			"mixed": "one agrees, the other does not", "town_close": "the town, with an error", "town": "the same town", "postcode": "the same postcode", "both_close": "both, with an error",
			"both": "both the same", "names": "made of the names, or alike", "user": "the part before the @ is the same", "": "how rarely they are one person",
		},
		forIt: "for", against: "against", sum: "Together", together: "put together", apart: "not put together", title: "Why are these probably one person, or not?",
	},
	"fr": {
		comparisons: map[string]string{
			stepPrior: "Deux fiches au hasard", stepFamily: "Peut-être deux personnes d'une même famille", stepTooLittle: "Trop peu pour le dire : il faut deux propriétés à comparer", "given": "Prénom", "family": "Nom de famille", "order": "Ordre des noms",
			"birth": "Date de naissance", "street": "Rue", "complement": "Complément d'adresse", "place": "Code postal et ville", "email": "Adresse e-mail", "phone": "Téléphone", "gender": "Sexe",
			"birth_place": "Lieu de naissance", "occupation": "Profession", "personal": "Numéro personnel",
		},
		levels: map[string]string{
			"different": "différent", "initial": "une initiale, ou le même début", "loose": "ressemblant, ou de même son", "part": "l'un est une partie de l'autre", "close": "une faute de frappe",
			"variant": "un diminutif", "same": "identique", "swapped": "prénom et nom inversés", "year": "la même année seulement", "partial": "l'une des dates est incomplète",
			"two_digits": "deux chiffres diffèrent", "two_parts": "deux parmi jour, mois et année", "one_digit": "un chiffre diffère", "birth.one_digit": "un chiffre diffère, ou jour et mois inversés",
			"street.loose": "quelques mots identiques, ou le numéro", "other_number": "la même rue, un autre numéro", "alike": "très ressemblant", "region": "la région seulement, ou un code postal avec une faute",
			"mixed": "l'un concorde, l'autre non", "town_close": "la ville, avec une faute", "town": "la même ville", "postcode": "le même code postal", "both_close": "les deux, avec une faute",
			"both": "les deux identiques", "names": "formée des noms, ou ressemblante", "user": "la partie avant le @ est identique", "": "il est rare que ce soit la même personne",
		},
		forIt: "pour", against: "contre", sum: "En tout", together: "réunies", apart: "non réunies", title: "Pourquoi est-ce probablement la même personne, ou non ?",
	},
}

// languageOf gives the words of a language, English where there are none.
func languageOf(lang string) inWords {
	if w, known := languages[lang]; known {
		return w
	}
	return languages["en"]
}

// level is a level in words.
func (w *inWords) level(s *Step) string {
	if s.Comparison == stepFamily || s.Comparison == stepTooLittle {
		return ""
	}
	if text, known := w.levels[s.Comparison+"."+s.Level]; known {
		return text
	}
	return w.levels[s.Level]
}

// Tell tells an explanation in words: lines of cells, the last of them the sum.
func Tell(e *Explanation, lang string, together bool) [][]string {
	w := languageOf(lang)
	var out [][]string
	for i := range e.Steps {
		s := &e.Steps[i]
		side := w.forIt
		if s.Bits < 0 {
			side = w.against
		}
		values := ""
		if s.A != "" || s.B != "" {
			values = s.A + " / " + s.B
		}
		out = append(out, []string{w.comparisons[s.Comparison], w.level(s), values, fmt.Sprintf("%+.1f", s.Bits), side})
	}
	verdict := w.apart
	if together {
		verdict = w.together
	}
	return append(out, []string{w.sum, percent(e.Probability), verdict, fmt.Sprintf("%+.1f", e.Weight), ""})
}

func percent(p float64) string { return strings.TrimSuffix(fmt.Sprintf("%.2f", 100*p), ".00") + " %" }
