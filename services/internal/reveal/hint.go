package reveal

import (
	"strings"
	"unicode/utf8"

	"rcu/pkg/identifier"
)

// hidden stands for what a hint leaves out: always as long, so that it tells no length.
const hidden = "•••"

// telling is how long a part must be for its first letter to be shown: of a shorter one that is nearly all.
const telling = 3

// Hint is enough of a contact point for the person who has it to know which one it is, and less than Mask: of an e-mail the first letters of
// name and domain, of a number its last two digits. It is empty where nothing may be told, as of devices.
func Hint(ns identifier.Namespace, value string) string {
	switch ns {
	case identifier.Email:
		local, domain, found := strings.Cut(value, "@")
		end := strings.LastIndexByte(domain, '.')
		if !found || end < 0 {
			return hidden + "@" + hidden
		}
		return initial(local) + hidden + "@" + initial(domain[:end]) + hidden + domain[end:]
	case identifier.Phone, identifier.Landline:
		return numberHint(value, "•• •• •• •• ")
	case identifier.Card, identifier.Customer:
		return numberHint(value, "•••• ")
	default:
		return ""
	}
}

// initial is the first letter of a part that is long enough to stay unknown.
func initial(part string) string {
	if utf8.RuneCountInString(part) < telling {
		return ""
	}
	return firstLetter(part)
}

// numberHint shows the last two of at least six characters.
func numberHint(value, before string) string {
	if len(value) < 6 {
		return strings.TrimSpace(before)
	}
	return before + value[len(value)-2:]
}
