package identifier

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// clean is the common first step of every normaliser: compatibility form (full-width digits become digits), no control or format
// characters (zero-width spaces, marks of direction), no white space at the ends. Plain ASCII without any of these is returned as it is.
func clean(s string) string {
	if plain(s) {
		return s
	}
	for range 4 { // removing a character may let its neighbours compose; texts settle at once or after one round
		next := strings.TrimSpace(norm.NFKC.String(strings.Map(visible, s)))
		if next == s {
			break
		}
		s = next
	}
	return s
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

func visible(r rune) rune {
	switch {
	case r == utf8.RuneError:
		return -1
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
		return -1
	}
	return r
}

// NormaliseText returns a personal text in one form: compatibility form, no control characters, single spaces.
func NormaliseText(s string) string {
	s = clean(s)
	if !strings.Contains(s, "  ") {
		return s
	}
	return strings.Join(strings.Fields(s), " ")
}
