package identifier

import "strings"

// Secret is a kind of value that must never be stored, in whatever field it is sent.
type Secret uint8

// Kinds of secret.
const (
	NoSecret Secret = iota
	// PaymentCard is a payment card number: 13 to 19 digits, range of an issuer, Luhn digit.
	PaymentCard
	// MaybeCard has the form of a payment card number, and also that of numbers that shops use: thirteen digits, a GTIN-14, or the
	// issuer ranges 50 and 56-69, which loyalty cards share. It is a secret unless the field says what else it is.
	MaybeCard
	// IBAN is an account number: country, length of the country, check digits modulo 97.
	IBAN
)

// Found is one secret of a text.
type Found struct {
	Start, End int // bytes
	Kind       Secret
}

// minSecret is the shortest text that can hold a secret.
const minSecret = 13

// FindSecret returns the first secret of a text at or after byte from; Kind is NoSecret when there is none.
func FindSecret(text string, from int) Found {
	for i := from; i+minSecret <= len(text); {
		switch c := text[i]; {
		case isDigit(c) && numberBegins(text, i):
			f, next := cardAt(text, i)
			if f.Kind != NoSecret {
				return f
			}
			i = next
		case isLetter(c) && wordBegins(text, i):
			if uuidAt(text, i) { // its last groups may look like an account
				i += 36
				continue
			}
			if end := ibanAt(text, i); end > 0 {
				return Found{i, end, IBAN}
			}
			i++
		default:
			i++
		}
	}
	return Found{}
}

// wordBegins reports whether a word begins at i.
func wordBegins(text string, i int) bool {
	return i == 0 || !isDigit(text[i-1]) && !isLetter(text[i-1])
}

// numberBegins reports whether a number begins at i: not after a digit, nor a plus sign (phone), nor inside a hexadecimal id.
func numberBegins(text string, i int) bool {
	if i == 0 || !isDigit(text[i-1]) && text[i-1] != '+' && !isLetter(text[i-1]) {
		return true
	}
	return isLetter(text[i-1]) && foreign(text, i-1, -1)
}

// foreign reports whether the letters from i on, in steps, hold one that is no hexadecimal digit.
func foreign(text string, i, step int) bool {
	for range 16 {
		if i < 0 || i >= len(text) || !isLetter(text[i]) {
			return false
		}
		if text[i]|0x20 > 'f' {
			return true
		}
		i += step
	}
	return false
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { c |= 0x20; return c >= 'a' && c <= 'z' }

// cardAt looks for a card number that begins with the group of digits at i, and returns where to look next.
func cardAt(text string, i int) (Found, int) {
	if uuidAt(text, i) {
		return Found{}, i + 36
	}
	var space [20]byte
	number, j := readGroup(text, i, space[:0])
	next, single := j, true
	for start := i; ; single = false {
		long := j-start > 7
		if long && !single || len(number) > 19 || insideID(text, j) {
			return Found{}, next
		}
		if kind := cardKind(string(number)); kind != NoSecret && (single || groupsFit(text[i:j])) {
			return Found{i, j, kind}, next
		}
		start = skipSeparator(text, j)
		if long || start == j || start >= len(text) || !isDigit(text[start]) {
			return Found{}, next
		}
		number, j = readGroup(text, start, number)
	}
}

// readGroup appends the digits from i on to number, as far as it has room, and returns where they end.
func readGroup(text string, i int, number []byte) ([]byte, int) {
	for ; i < len(text) && isDigit(text[i]); i++ {
		if len(number) < cap(number) {
			number = append(number, text[i])
		}
	}
	return number, i
}

// insideID reports whether a number that ends at i goes on as a hexadecimal id.
func insideID(text string, i int) bool {
	return i < len(text) && isLetter(text[i]) && !foreign(text, i, 1)
}

// groupsFit accepts groups of two to seven digits, as cards are printed; ids made of two longer numbers are none.
func groupsFit(s string) bool {
	run := 0
	for i := 0; i <= len(s); i++ {
		if i < len(s) && isDigit(s[i]) {
			run++
			continue
		}
		if run == 1 || run > 7 {
			return false
		}
		run = 0
	}
	return true
}

var separators = []string{"\u00a0", "\u202f", "\u2009", "\u2010", "\u2011", "\u2013"}

// skipSeparator passes up to three separators.
func skipSeparator(text string, i int) int {
	for range 3 {
		n := separator(text, i)
		if n == 0 {
			break
		}
		i += n
	}
	return i
}

// separator returns the length of the separator at i; 0 = none.
func separator(text string, i int) int {
	if i >= len(text) {
		return 0
	}
	switch c := text[i]; {
	case c == ' ' || c == '-' || c == '.' || c == '_':
		return 1
	case c < 0x80:
		return 0
	}
	for _, s := range separators {
		if strings.HasPrefix(text[i:], s) {
			return len(s)
		}
	}
	return 0
}

// uuidAt recognises a UUID, whose groups may happen to be digits.
func uuidAt(text string, i int) bool {
	if i+36 > len(text) {
		return false
	}
	for k := range 36 {
		c := text[i+k]
		switch k {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if l := c | 0x20; !isDigit(c) && (l < 'a' || l > 'f') {
				return false
			}
		}
	}
	return true
}

// issuer is a range of leading digits with the lengths of its cards.
type issuer struct {
	low, high string // of equal length
	min, max  int
	kind      Secret
}

var issuers = []issuer{
	{"4", "4", 13, 13, MaybeCard}, {"4", "4", 16, 16, PaymentCard}, {"4", "4", 18, 19, PaymentCard}, // Visa
	{"51", "55", 16, 16, PaymentCard}, {"2221", "2720", 16, 16, PaymentCard}, // Mastercard
	{"34", "34", 15, 15, PaymentCard}, {"37", "37", 15, 15, PaymentCard}, // American Express
	{"300", "305", 14, 14, PaymentCard}, {"3095", "3095", 14, 14, PaymentCard}, {"36", "36", 14, 19, PaymentCard}, {"38", "39", 14, 19, PaymentCard}, // Diners
	{"6011", "6011", 16, 19, PaymentCard}, {"644", "659", 16, 19, PaymentCard}, // Discover
	{"3528", "3589", 16, 19, PaymentCard}, // JCB
	{"62", "62", 16, 19, PaymentCard},     // UnionPay
	{"2200", "2204", 16, 19, PaymentCard}, // Mir
	{"9792", "9792", 16, 16, PaymentCard}, // Troy
	{"50", "50", 16, 19, MaybeCard},       // Maestro, RuPay, Elo, Verve
	{"56", "69", 16, 19, MaybeCard},       // Maestro
	{"81", "82", 16, 16, MaybeCard},       // RuPay
}

func cardKind(number string) Secret {
	if len(number) < minSecret || len(number) > 19 {
		return NoSecret
	}
	for _, r := range issuers {
		head := number[:len(r.low)]
		if head < r.low || head > r.high || len(number) < r.min || len(number) > r.max || !Luhn(number) {
			continue
		}
		switch {
		case len(number) == 13 && gtin(number):
			return NoSecret
		case len(number) == 14 && gtin(number):
			return MaybeCard
		}
		return r.kind
	}
	return NoSecret
}
