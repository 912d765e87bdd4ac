package identifier

import "strings"

// Cause says why a value is no identifier: a label of the counter of dropped values.
type Cause string

// Causes.
const (
	CauseNone        Cause = ""
	CauseEmpty       Cause = "empty"
	CausePlaceholder Cause = "placeholder"
	CauseZeros       Cause = "zeros"
	CauseSyntax      Cause = "syntax"
	CauseCheckDigit  Cause = "check_digit"
)

// Options are what a normaliser must know of the source and of the event.
type Options struct {
	Country string    // of national phone numbers
	Card    CardCheck // of loyalty cards
	Read    bool      // read by a machine or confirmed, not typed
}

const maxValue = 256

// Normalise returns the one form of a value of a namespace, or why it is no identifier. Normalising twice is normalising once.
func Normalise(n Namespace, value string, o Options) (string, Cause) {
	value = clean(value)
	if cause := nothing(value); cause != CauseNone {
		return "", cause
	}
	out, ok := normalForm(n, value, o)
	switch {
	case !ok:
		return "", CauseSyntax
	case placeholder(n, out):
		return "", CausePlaceholder
	case n == Card && !o.Card.holds(out, o.Read):
		return "", CauseCheckDigit
	}
	return out, nothing(out)
}

func normalForm(n Namespace, value string, o Options) (string, bool) {
	switch n {
	case Email:
		return NormaliseEmail(value)
	case Phone, Landline:
		return NormalisePhone(value, o.Country)
	case Card, CompanyCard, HouseholdCard, StaffDiscount:
		value = NormaliseCard(value)
	case Order:
		value = clean(strings.TrimLeft(value, "# "))
	case Device:
		value = normaliseDevice(value)
	default: // any other is kept as it is
	}
	return value, value != "" && len(value) <= maxValue
}

// normaliseDevice lowers an id of hexadecimal digits and hyphens (UUID, IDFA, Android id), which systems write in either case.
// Any other id is kept as it is: its case may matter.
func normaliseDevice(s string) string {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'f') && (s[i] < '0' || s[i] > '9') && s[i] != '-' {
			return s
		}
	}
	return strings.ToLower(s)
}

var nothings = map[string]bool{
	"null": true, "nil": true, "none": true, "n/a": true, "na": true, "n.a.": true, "nan": true, "undefined": true, "unknown": true,
	"inconnu": true, "anonymous": true, "anonyme": true, "empty": true, "(null)": true, "(none)": true, "(not set)": true, "not set": true,
	"not provided": true, "aucun": true, "#n/a": true, "void": true, "placeholder": true, "test": true, "default": true,
}

// nothing recognises what systems write where they have no value. What an operator may ever want to unblock is not listed here:
// such values are blocked in standing, and come back with a change of rules.
func nothing(s string) Cause {
	if s == "" {
		return CauseEmpty
	}
	if len(s) <= 16 && nothings[strings.ToLower(s)] {
		return CausePlaceholder
	}
	cause := CausePlaceholder // nothing but marks
	for _, r := range s {
		switch {
		case r == '0':
			cause = CauseZeros
		case !strings.ContainsRune(" -._+/#*?()", r):
			return CauseNone
		}
	}
	return cause
}

var nobodies = map[string]bool{
	"test": true, "tests": true, "testing": true, "none": true, "null": true, "unknown": true, "undefined": true, "noreply": true, "no-reply": true,
	"no_reply": true, "donotreply": true, "do-not-reply": true, "nomail": true, "noemail": true, "no-email": true, "nospam": true, "na": true, "n-a": true,
	"anonymous": true, "placeholder": true, "xxx": true, "xxxx": true, "sansemail": true, "sans-email": true, "pasdemail": true, "aucun": true,
}

// placeholder recognises values in normal form that nobody owns.
func placeholder(n Namespace, s string) bool {
	switch n {
	case Email:
		local, domain, _ := strings.Cut(s, "@")
		host, _, _ := strings.Cut(domain, ".")
		return nobodies[local] || nothing(local) != CauseNone || host == "noemail" || host == "nomail" || strings.HasSuffix(domain, ".invalid")
	case Phone, Landline:
		return oneDigit(s) || strings.HasSuffix(s, "123456789") || strings.HasSuffix(s, "1234567890")
	default:
		return false
	}
}

// oneDigit reports whether the last eight digits of a number are one digit repeated.
func oneDigit(s string) bool {
	if len(s) < 9 {
		return false
	}
	tail := s[len(s)-8:]
	return strings.Count(tail, tail[:1]) == len(tail)
}
