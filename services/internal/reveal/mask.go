package reveal

import (
	"strings"
	"unicode/utf8"

	"rcu/pkg/identifier"
)

const dots = "••••"

// Mask makes a value enough to recognise, not enough to use: it leaves the first letter of texts, the domain of an e-mail, the last two digits of numbers.
func Mask(ns identifier.Namespace, value string) string {
	switch ns {
	case identifier.Email:
		local, domain, _ := strings.Cut(value, "@")
		return firstLetter(local) + dots + "@" + domain
	case identifier.Phone, identifier.Landline, identifier.Card, identifier.Customer:
		if len(value) < 6 {
			return dots
		}
		return dots + value[len(value)-2:]
	default:
		return firstLetter(value) + dots
	}
}

func firstLetter(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}
