package identifier

import (
	"strings"

	"golang.org/x/net/idna"
)

const (
	maxEmail = 254
	maxLocal = 64
)

// domainProfile maps names of the domain to their ASCII form; it is not registration-strict, so that an underscore of a real host passes.
var domainProfile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// NormaliseEmail returns an address in one form: trimmed, NFKC, lower case, domain in ASCII (IDNA). False: it is no address.
// Dots and sub-addresses stay: whether they name one mailbox is a matter of the provider, and two spellings are two identifiers.
func NormaliseEmail(s string) (string, bool) {
	s = clean(s)
	s = strings.TrimSuffix(strings.TrimPrefix(s, "<"), ">")
	if len(s) >= 7 && strings.EqualFold(s[:7], "mailto:") {
		s = s[7:]
	}
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 {
		return "", false
	}
	local := clean(strings.ToLower(s[:at]))
	domain, ok := asciiDomain(s[at+1:])
	if !ok || !validLocal(local) || len(local)+1+len(domain) > maxEmail {
		return "", false
	}
	return local + "@" + domain, true
}

// validLocal accepts the dot-atom of RFC 5321 and 6531, with dots anywhere (some providers give such addresses out); no quoted form.
func validLocal(s string) bool {
	if s == "" || len(s) > maxLocal {
		return false
	}
	for _, r := range s {
		if r <= ' ' || r == 0x7f || strings.ContainsRune(`"(),:;<>@[\]`, r) {
			return false
		}
	}
	return true
}

func asciiDomain(s string) (string, bool) {
	s = strings.TrimSuffix(s, ".")
	if !plainDomain(s) {
		mapped, err := domainProfile.ToASCII(strings.ToLower(s))
		if err != nil {
			return "", false
		}
		s = mapped
	}
	s = strings.ToLower(s)
	return s, validDomain(s)
}

// plainDomain spares IDNA for what is ASCII already and holds no encoded label.
func plainDomain(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return !strings.Contains(strings.ToLower(s), "xn--")
}

// validDomain asks for two labels or more of letters, digits, hyphens and underscores, the last one not a number.
func validDomain(s string) bool {
	labels := strings.Split(s, ".")
	if len(s) > 253 || len(labels) < 2 || digits(labels[len(labels)-1]) {
		return false
	}
	for _, l := range labels {
		if !validLabel(l) {
			return false
		}
	}
	return true
}

func validLabel(l string) bool {
	if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' {
		return false
	}
	for i := range len(l) {
		c := l[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
