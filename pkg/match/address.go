package match

import "strings"

// roads are the abbreviations of streets, French and English.
var roads = map[string]string{
	"av": "avenue", "ave": "avenue", "aven": "avenue", "bd": "boulevard", "bld": "boulevard", "blvd": "boulevard", "boul": "boulevard", "r": "rue", "pl": "place", "plc": "place",
	"imp": "impasse", "ch": "chemin", "che": "chemin", "chem": "chemin", "all": "allee", "rte": "route", "sq": "square", "crs": "cours", "fg": "faubourg", "fbg": "faubourg",
	"qu": "quai", "pass": "passage", "res": "residence", "bat": "batiment", "apt": "appartement", "appt": "appartement", "rd": "road", "str": "street", "ln": "lane", "dr": "drive",
	"cres": "crescent", "ct": "court", "cct": "circuit", "tce": "terrace", "ter": "terrace", "hwy": "highway", "pde": "parade", "cl": "close", "gr": "grove",
	"gdns": "gardens", "flt": "flat", "unt": "unit", "st": "street", "ste": "sainte", "gal": "general", "mal": "marechal", "pdt": "president", "lot": "lotissement",
}

// streetNoise are words that are often left out of a street.
var streetNoise = words("de la le les du des d l of the a au aux")

// streetText is a plain street without noise words, abbreviations made full.
func streetText(plainStreet string) string {
	list := strings.Fields(plainStreet)
	out := list[:0]
	for i, w := range list {
		if full, known := roads[w]; known && (w != "st" || i > 0) {
			w = full
		} else if w == "st" {
			w = "saint"
		}
		if !streetNoise[w] || len(list) == 1 {
			out = append(out, w)
		}
	}
	return strings.Join(out, " ")
}

// splitNumber takes the house number off a plain street: `12 bis rue ...` or `rue ... 12`.
func splitNumber(plainStreet string) (number, street string) {
	list := strings.Fields(plainStreet)
	if len(list) < 2 {
		return "", plainStreet
	}
	if isNumber(list[0]) {
		n := 1
		if w := list[1]; len(list) > 2 && (w == "bis" || w == "ter" || w == "quater" || len(w) == 1 && w >= "a" && w <= "f") {
			n = 2
		}
		return list[0], strings.Join(list[n:], " ")
	}
	if last := list[len(list)-1]; isNumber(last) && len(last) <= 4 {
		return last, strings.Join(list[:len(list)-1], " ")
	}
	return "", plainStreet
}

// isNumber reports whether a word is a house number: 12, 12b.
func isNumber(w string) bool {
	n := len(digits(w))
	return n > 0 && len(w)-n <= 1 && w[0] >= '0' && w[0] <= '9'
}

// splitAddress parts a whole address: what stands from the postcode on is postcode and town, before it number and street.
func splitAddress(cell string) (number, street, postcode, town string) {
	all := strings.Fields(plain(cell))
	at := -1
	for i := len(all) - 1; i > 0; i-- {
		if len(all[i]) == 5 && len(digits(all[i])) == 5 || len(all[i]) == 4 && len(digits(all[i])) == 4 && i > 1 {
			at = i
			break
		}
	}
	before := all
	if at > 0 {
		before, postcode, town = all[:at], all[at], strings.Join(all[at+1:], " ")
	} else if i := strings.LastIndexByte(cell, ','); i > 0 {
		before, town = strings.Fields(plain(cell[:i])), plain(cell[i+1:])
	}
	if at > 0 && town == "" { // the town before the postcode: 6 ramsay place, Garbutt 2260
		if i := strings.LastIndexByte(cell, ','); i > 0 {
			if tail := strings.Fields(plain(cell[i+1:])); len(tail) > 1 {
				before, town = strings.Fields(plain(cell[:i])), strings.Join(tail[:len(tail)-1], " ")
			}
		}
	}
	number, street = splitNumber(strings.Join(before, " "))
	return number, streetText(street), postcode, townText(town)
}

// townText is a plain town: saint made full, district numbers and CEDEX left out.
func townText(plainTown string) string {
	list := strings.Fields(plainTown)
	out := list[:0]
	for _, w := range list {
		switch {
		case w == "st":
			w = "saint"
		case w == "ste":
			w = "sainte"
		case w == "cedex", len(w) <= 2 && len(digits(w)) == len(w) && len(list) > 1:
			continue
		}
		out = append(out, w)
	}
	return strings.Join(out, " ")
}

// postcodeText is a postcode without spaces; a leading zero that a spreadsheet ate comes back for the French ones.
func postcodeText(cell string) string {
	p := strings.ReplaceAll(plain(strings.TrimSuffix(strings.TrimSpace(cell), ".0")), " ", "")
	if len(p) > 10 || p == "" || strings.Trim(p, "0") == "" {
		return ""
	}
	return p
}
