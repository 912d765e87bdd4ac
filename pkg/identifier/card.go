package identifier

import "strings"

// CardCheck says how the check digit of a loyalty card is judged.
type CardCheck uint8

// Ways to judge check digits.
const (
	// CardCheckAuto refuses a card only where a typing error is certain: thirteen digits that begin with 2 (the range shops number
	// their own cards in), typed rather than read, and valid as neither EAN-13 nor Luhn. Cards of any other form have no check.
	CardCheckAuto CardCheck = iota
	CardCheckNone
	CardCheckEAN13
	CardCheckLuhn
	CardCheckAny // EAN-13 or Luhn
)

var cardChecks = map[string]CardCheck{
	"": CardCheckAuto, "auto": CardCheckAuto, "none": CardCheckNone, "ean13": CardCheckEAN13, "luhn": CardCheckLuhn, "any": CardCheckAny,
}

// ParseCardCheck reads the name of a check as it stands in sources.yaml; empty is auto.
func ParseCardCheck(name string) (CardCheck, bool) {
	c, ok := cardChecks[name]
	return c, ok
}

// NormaliseCard returns a card number without separators, in upper case. Leading zeros stay: they are part of the number.
func NormaliseCard(s string) string {
	for range 4 { // a character whose separator went may compose with its neighbour
		next := strings.ToUpper(strings.Map(notSeparator, clean(s)))
		if next == s {
			break
		}
		s = next
	}
	return s
}

func notSeparator(r rune) rune {
	switch r {
	case ' ', '-', '.', '_':
		return -1
	}
	return r
}

// holds reports whether a normalised card passes the check; read = by a machine, not typed.
func (c CardCheck) holds(card string, read bool) bool {
	switch c {
	case CardCheckNone:
		return true
	case CardCheckEAN13:
		return EAN13(card)
	case CardCheckLuhn:
		return Luhn(card)
	case CardCheckAny:
		return EAN13(card) || Luhn(card)
	default:
		suspect := !read && len(card) == 13 && card[0] == '2' && digits(card)
		return !suspect || EAN13(card) || Luhn(card)
	}
}

// Luhn reports whether s is all digits (two or more) and its last digit is the Luhn check digit.
func Luhn(s string) bool {
	if len(s) < 2 || !digits(s) {
		return false
	}
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

// EAN13 reports whether s is thirteen digits with a valid EAN-13 check digit.
func EAN13(s string) bool { return len(s) == 13 && gtin(s) }

// gtin is the check digit of every GTIN: weights 3 and 1 from the right.
func gtin(s string) bool {
	if !digits(s) {
		return false
	}
	sum := 0
	for i := range len(s) {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 1 {
			d *= 3
		}
		sum += d
	}
	return sum%10 == 0
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
