package match

import (
	"strings"

	"rcu/pkg/identity"
)

// particles belong to a family name and are often left out.
var particles = words("de du des d la le les l von van der den del della di da dos ter ten zu zur st saint sainte mac mc o ben bin al el")

// titles stand before a name and are no part of it.
var titles = words("mr mrs ms miss dr prof sir lady lord dame m mme mlle monsieur madame mademoiselle me maitre docteur rev hon herr frau")

// suffixes stand behind a name and are no part of it.
var suffixes = words("jr sr junior senior ii iii iv esq phd md fils pere aine")

// nameValue is a name and what is compared of it.
type nameValue struct {
	text    string   // its parts in one word, without particles: jeanpierre
	parts   []string // jean, pierre
	root    string   // the first part, a diminutive made full
	sound   string   // of text
	initial byte     // its letter, where it is an initial alone
	mask    uint64
}

func newNameValue(plainName string) nameValue {
	parts := nameParts(plainName)
	v := nameValue{text: strings.Join(parts, ""), parts: parts}
	v.root = identity.FullName(parts[0])
	v.sound = sound(v.text)
	v.mask = letterMask(v.text)
	if len(v.text) == 1 {
		v.initial = v.text[0]
	}
	return v
}

// nameParts are the words of a name without particles, unless it has nothing else.
func nameParts(plainName string) []string {
	all := strings.Fields(plainName)
	parts := make([]string, 0, len(all))
	for _, w := range all {
		if !particles[w] || len(all) == 1 {
			parts = append(parts, w)
		}
	}
	if len(parts) == 0 {
		return all
	}
	return parts
}

// splitFull parts a full name into given and family name. A comma parts family from given; so do capitals (DUPONT Jean); else the
// last word is the family name, with its particles.
func splitFull(cell string) (given, family string) {
	cell = withoutTitles(cell)
	if head, tail, found := strings.Cut(cell, ","); found {
		if f, g := nameOnly(plain(head)), nameOnly(plain(tail)); f != "" && g != "" {
			return g, f
		}
	}
	if g, f := splitCapitals(cell); g != "" {
		return g, f
	}
	list := strings.Fields(nameOnly(plain(cell)))
	if len(list) == 0 {
		return "", ""
	}
	at := len(list) - 1
	for at > 1 && particles[list[at-1]] {
		at--
	}
	return strings.Join(list[:at], " "), strings.Join(list[at:], " ")
}

// withoutTitles takes the titles off the beginning of a full name.
func withoutTitles(cell string) string {
	for {
		cell = strings.TrimSpace(cell)
		i := strings.IndexAny(cell, " .")
		if i < 0 || !titles[plain(cell[:i])] {
			break
		}
		cell = strings.TrimLeft(cell[i:], " .")
	}
	if titles[plain(cell)] {
		return ""
	}
	return cell
}

// splitCapitals parts a name of which only the family name is in capitals.
func splitCapitals(cell string) (given, family string) {
	var g, f []string
	for w := range strings.FieldsSeq(cell) {
		if len(w) > 1 && w == strings.ToUpper(w) && w != strings.ToLower(w) && !strings.HasSuffix(w, ".") {
			f = append(f, w)
		} else {
			g = append(g, w)
		}
	}
	given, family = nameOnly(plain(strings.Join(g, " "))), nameOnly(plain(strings.Join(f, " ")))
	if given == "" || family == "" {
		return "", ""
	}
	return given, family
}

// nameOnly takes titles and suffixes off a plain name.
func nameOnly(s string) string {
	list := strings.Fields(s)
	for len(list) > 1 && titles[list[0]] {
		list = list[1:]
	}
	for len(list) > 1 && suffixes[list[len(list)-1]] {
		list = list[:len(list)-1]
	}
	return strings.Join(list, " ")
}
