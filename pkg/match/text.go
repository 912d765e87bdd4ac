package match

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxCell is the longest cell that can be a property of a person, in bytes; longer ones count as missing.
const maxCell = 512

// nothing are the words that systems write where they know nothing.
var nothing = map[string]bool{
	"null": true, "nan": true, "none": true, "n a": true, "nil": true, "unknown": true, "inconnu": true, "inconnue": true, "non renseigne": true,
	"not available": true, "not provided": true, "undefined": true, "xxx": true, "xx": true, "x": true, "nr": true, "nc": true, "missing": true,
	"void": true, "empty": true, "vide": true,
}

// plain returns a text in lower case without accents: words of letters and digits, one space between them; "" where it says nothing.
func plain(s string) string {
	if len(s) > maxCell || s == "" {
		return ""
	}
	out := plainASCII(s)
	if out == "\x00" {
		out = plainUnicode(s)
	}
	if nothing[out] {
		return ""
	}
	return out
}

// plainASCII is plain for ASCII; "\x00" where there is something else.
func plainASCII(s string) string {
	clean := true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return "\x00"
		}
		clean = clean && plainByte[s[i]] == s[i]
	}
	if clean {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := range len(s) {
		if c := plainByte[s[i]]; c != 0 {
			b = append(b, c)
		} else if len(b) > 0 && b[len(b)-1] != ' ' {
			b = append(b, ' ')
		}
	}
	return strings.TrimSuffix(string(b), " ")
}

// plainByte is each ASCII letter in lower case and each digit; 0 for what parts words.
var plainByte = func() (t [utf8.RuneSelf]byte) {
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = c, c
	}
	for c := byte('0'); c <= '9'; c++ {
		t[c] = c
	}
	return t
}()

func plainUnicode(s string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, " ")) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r):
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			r = unicode.ToLower(r)
			if latin, known := ligatures[r]; known {
				b.WriteString(latin)
			} else {
				b.WriteRune(r)
			}
		case unicode.Is(unicode.Mn, r):
		default:
			gap = true
		}
	}
	return b.String()
}

// ligatures are letters that have no accent to take away.
var ligatures = map[rune]string{
	'œ': "oe", 'æ': "ae", 'ß': "ss", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i",
}

// digits returns the decimal digits of a text.
func digits(s string) string {
	b := make([]byte, 0, 16)
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			b = append(b, s[i])
		}
	}
	return string(b)
}

// sameThroughout reports whether a text is one byte again and again: 000000, 999999.
func sameThroughout(s string) bool {
	return strings.Count(s, s[:min(1, len(s))]) == len(s)
}
