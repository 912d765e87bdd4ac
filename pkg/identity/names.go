package identity

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Digest16 returns 16 bits of a keyed digest of a text of one kind. Its secret is not the kernel's business.
type Digest16 func(kind, text string) uint16

// The kinds of key. Given and family names share theirs, so that swapped ones are seen.
const (
	kindSound     = "name/sound"
	kindHead      = "name/head"
	kindTail      = "name/tail"
	kindYearMonth = "birth/year+month"
	kindYearDay   = "birth/year+day"
	kindDayMonth  = "birth/day+month"
	kindSwapped   = "birth/year+{day,month}"
)

// ClaimOf returns the claim of an event's own person: customer, caller, account or card holder, never a recipient or a guest.
// birth is YYYY-MM-DD. What cannot be read gives no keys; no given name gives no claim.
func ClaimOf(given, family, birth string, digest Digest16) Claim {
	first := givenName(given)
	if first == "" {
		return Claim{}
	}
	return Claim{
		Version: ClaimVersion,
		Given:   nameKeys(first, digest),
		Family:  nameKeys(plainName(family), digest),
		Birth:   birthKeys(birth, digest),
	}
}

// givenName is the plain given name, a diminutive made full.
func givenName(s string) string {
	name := plainName(s)
	if full, known := diminutives[name]; known {
		return full
	}
	return name
}

// plainName returns the first part of a name, lower case, without accents, letters only.
func plainName(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToLower(s)) {
		switch {
		case unicode.IsLetter(r):
			if latin, known := ligatures[r]; known {
				b.WriteString(latin)
			} else {
				b.WriteRune(r)
			}
		case unicode.Is(unicode.Mn, r), r == '\'', r == '’', r == '.':
		case b.Len() > 0:
			return b.String()
		}
	}
	return b.String()
}

// ligatures are letters that have no accent to take away.
var ligatures = map[rune]string{
	'œ': "oe", 'æ': "ae", 'ß': "ss", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ı': "i",
}

func nameKeys(name string, digest Digest16) (keys [3]uint16) {
	if name == "" {
		return keys
	}
	letters := []rune(name)
	n := min(3, len(letters))
	return [3]uint16{
		key(digest, kindSound, soundex(letters)),
		key(digest, kindHead, string(letters[:n])),
		key(digest, kindTail, string(letters[len(letters)-n:])),
	}
}

func birthKeys(birth string, digest Digest16) (keys [4]uint16) {
	t, err := time.Parse(time.DateOnly, strings.TrimSpace(birth))
	if err != nil {
		return keys
	}
	year, month, dayOf := t.Format("2006"), t.Format("01"), t.Format("02")
	return [4]uint16{
		key(digest, kindYearMonth, year+"-"+month),
		key(digest, kindYearDay, year+"-"+dayOf),
		key(digest, kindDayMonth, dayOf+"-"+month),
		key(digest, kindSwapped, year+"-"+min(dayOf, month)+"-"+max(dayOf, month)),
	}
}

// key is a digest that is never 0, which means none.
func key(digest Digest16, kind, text string) uint16 { return max(1, digest(kind, text)) }

// soundLength is the most that a Soundex code holds.
const soundLength = 4

// soundex is the Soundex code, not padded, with `ph` as `f`, and `h` and `w` as vowels.
func soundex(letters []rune) string {
	word := []rune(strings.ReplaceAll(string(letters), "ph", "f"))
	code := []rune{word[0]}
	last := sound(word[0])
	for _, r := range word[1:] {
		s := sound(r)
		if s != 0 && s != last && len(code) < soundLength {
			code = append(code, s)
		}
		last = s
	}
	return string(code)
}

// sound is the digit of a consonant, 0 for all that parts two equal digits.
func sound(r rune) rune {
	switch r {
	case 'b', 'f', 'p', 'v':
		return '1'
	case 'c', 'g', 'j', 'k', 'q', 's', 'x', 'z':
		return '2'
	case 'd', 't':
		return '3'
	case 'l':
		return '4'
	case 'm', 'n':
		return '5'
	case 'r':
		return '6'
	}
	return 0
}
