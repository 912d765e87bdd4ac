package profileapi

import (
	"strings"
	"unicode/utf8"

	"rcu/pkg/identifier"
)

const dots = "••••"

// show returns a personal value as clearly as a role may see it; empty = not sent.
func show(c clarity, ns identifier.Namespace, value string) string {
	switch c {
	case plain:
		return value
	case masked:
		return mask(ns, value)
	default:
		return ""
	}
}

// mask leaves the first letter of texts, the domain of an e-mail, the last two digits of numbers.
func mask(ns identifier.Namespace, value string) string {
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
