package profile

import (
	"encoding/hex"
	"strings"

	"rcu/pkg/identifier"
)

// shortText is room for the texts that are made here of what people are known by, on the stack: many are made for every leaf that is read.
type shortText [96]byte

// IdentifierTrait is the name under which the value of an identifier is a trait: # and its namespace, and its pseudonym in hexadecimal digits.
func IdentifierTrait(k identifier.Key) string {
	var room shortText
	name := append(room[:0], '#')
	name = append(name, k.Namespace...)
	name = append(name, ':')
	return string(hex.AppendEncode(name, []byte(k.Value)))
}

// OfIdentifier reports whether a trait is the value of an identifier.
func (t *Trait) OfIdentifier() bool { return strings.HasPrefix(t.Name, "#") }

// digitsOf are the lower-case hexadecimal digits of bytes.
func digitsOf(value string) string {
	var room shortText
	return string(hex.AppendEncode(room[:0], []byte(value)))
}

// fromDigits returns the bytes whose lower-case hexadecimal digits a text is.
func fromDigits(text string) (value string, ok bool) {
	var room, back shortText
	bytes, err := hex.AppendDecode(room[:0], append(back[:0], text...))
	if err != nil || string(hex.AppendEncode(back[:0], bytes)) != text {
		return "", false
	}
	return string(bytes), true
}
