package identifier

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// NormalisePhone returns a number as E.164; country (ISO 3166-1 alpha-2) is where numbers without a country code are from.
// False: it is no number that could be dialled.
func NormalisePhone(s, country string) (string, bool) {
	s = clean(s)
	if e164(s) {
		return s, true
	}
	if number, ok := domestic(s, country); ok {
		return number, true
	}
	if len(s) > 64 { // an extension, or two numbers: the longest E.164 with separators is far shorter
		return "", false
	}
	if rest, ok := strings.CutPrefix(s, "00"); ok && len(rest) >= 8 {
		s = internationalPrefix(rest, country)
	}
	number, err := phonenumbers.Parse(s, strings.ToUpper(country))
	if err != nil || !phonenumbers.IsPossibleNumber(number) {
		return "", false
	}
	return settle(phonenumbers.Format(number, phonenumbers.E164))
}

// internationalPrefix reads 00 as the international prefix also where the country of the source dials another one (011, 8~10), as
// customers abroad write it; the library knows only the prefix of the country.
func internationalPrefix(rest, country string) string {
	if n, err := phonenumbers.Parse("+"+rest, country); err == nil && phonenumbers.IsPossibleNumber(n) {
		return "+" + rest
	}
	return "00" + rest
}

// settle reads its own output again, so that normalising twice is normalising once (a trunk zero behind a country code, say).
func settle(s string) (string, bool) {
	for range 3 {
		if e164(s) {
			return s, true
		}
		number, err := phonenumbers.Parse(s, "")
		if err != nil || !phonenumbers.IsPossibleNumber(number) {
			return "", false
		}
		next := phonenumbers.Format(number, phonenumbers.E164)
		if next == s {
			return s, true
		}
		s = next
	}
	return "", false
}

// fixedLength lists country codes whose numbers all have one length and never begin with a trunk prefix: for them the form alone says
// that the number is E.164 already, without the library's tables.
var fixedLength = map[string]int{"33": 9, "34": 9, "41": 9, "31": 9, "48": 9, "45": 8}

// e164 recognises the commonest numbers that are in normal form already; false says nothing.
func e164(s string) bool {
	if len(s) < 11 || s[0] != '+' || !digits(s[1:]) {
		return false
	}
	n, ok := fixedLength[s[1:3]]
	return ok && len(s) == 3+n && s[3] != '0'
}

// trunkZero lists countries where a number dialled at home is a zero and then so many digits, the first of them not a zero.
var trunkZero = map[string]struct {
	code   string
	digits int
}{"FR": {"+33", 9}, "NL": {"+31", 9}, "CH": {"+41", 9}, "GB": {"+44", 10}}

// domestic reads the commonest spelling of a number at home, digits with spaces, dots or hyphens; false says nothing.
func domestic(s, country string) (string, bool) {
	home, ok := trunkZero[country]
	if !ok || s == "" || s[0] != '0' {
		return "", false
	}
	var number [16]byte
	n := copy(number[:], home.code)
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ' || c == '.' || c == '-':
		case c < '0' || c > '9' || n-len(home.code) == home.digits || n == len(home.code) && c == '0':
			return "", false
		default:
			number[n] = c
			n++
		}
	}
	return string(number[:n]), n-len(home.code) == home.digits
}
