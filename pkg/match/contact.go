package match

import "strings"

// emailValue is an e-mail and what is compared of it.
type emailValue struct {
	text, user, domain string
	letters            string // the letters of the user part
	mask               uint64
}

func newEmailValue(text string) emailValue {
	user, domain, _ := strings.Cut(text, "@")
	letters := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, user)
	return emailValue{text: text, user: user, domain: domain, letters: letters, mask: letterMask(text)}
}

// emailText is an e-mail in lower case without a tag; "" where it is none.
func emailText(cell string) string {
	s := strings.ToLower(strings.TrimSpace(cell))
	if len(s) > 254 || plain(s) == "" {
		return ""
	}
	user, domain, found := strings.Cut(s, "@")
	user, _, _ = strings.Cut(user, "+")
	if !found || len(user) == 0 || strings.ContainsAny(s, " \t") {
		return ""
	}
	return user + "@" + domain
}

// phoneText are the last nine digits of a phone number, without its country and trunk prefix; "" where it is none.
func phoneText(cell string) string {
	if len(cell) > 40 {
		return ""
	}
	d := digits(strings.TrimSuffix(strings.TrimSpace(cell), ".0"))
	d = strings.TrimLeft(d, "0")
	if len(d) < 6 || len(d) > 15 || sameThroughout(d) {
		return ""
	}
	return d[max(0, len(d)-9):]
}

// gender is a gender that was written as a word, a letter, a number or a title.
func gender(cell string) uint32 {
	switch plain(cell) {
	case "m", "male", "man", "masculin", "homme", "h", "mr", "monsieur", "mister", "herr", "sir", "1", "mannlich", "masculine":
		return 1
	case "f", "female", "woman", "feminin", "femme", "mme", "mlle", "mrs", "ms", "miss", "madame", "mademoiselle", "frau", "2", "w", "weiblich", "feminine":
		return 2
	}
	return 0
}
