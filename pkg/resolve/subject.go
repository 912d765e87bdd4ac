package resolve

import (
	"encoding/hex"
	"strings"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
)

// SubjectKeyCell is the key of the wrapped key that seals the traits of a subject.
func SubjectKeyCell(space, controller string, subject identifier.Key) string {
	return "k:" + space + ":" + controller + ":" + subject.Value
}

// KeyDestroyed reports whether the cell of a subject's key holds the mark of one that was destroyed: a version and no key. Nobody makes another key over
// it but the resolver, behind the end of the erasure.
func KeyDestroyed(c Cell) bool { return c.Version > 0 && len(c.Value) == 0 }

// SubjectOf returns whose personal values a leaf holds: its first identifier, of a logged-in device the person.
func SubjectOf(l identity.Leaf) identifier.Key {
	for _, k := range [...]identifier.Key{l.Person, l.Device, l.First, l.Reference} {
		if k.Value != "" {
			return k
		}
	}
	return identifier.Key{}
}

// IdentifierTrait is the name under which the value of an identifier is sealed among the traits of a leaf.
func IdentifierTrait(k identifier.Key) string { return profile.IdentifierTrait(k) }

// ParseIdentifierTrait reads what IdentifierTrait wrote; ok is false for any other trait.
func ParseIdentifierTrait(name string) (k identifier.Key, ok bool) {
	if len(name) < 2 || name[0] != '#' {
		return identifier.Key{}, false
	}
	for i := 1; i < len(name); i++ {
		if name[i] != ':' {
			continue
		}
		value, err := hex.DecodeString(name[i+1:])
		return identifier.Key{Namespace: identifier.Namespace(name[1:i]), Value: string(value)}, err == nil
	}
	return identifier.Key{}, false
}

// NumberOf drops the scope in front of the value of a reference: what people call the number of a ticket or an order.
func NumberOf(value string) string { return value[strings.LastIndexByte(value, '/')+1:] }

// KeptValue is what is sealed of an identifier's value: all of it; of a reference its number, because nobody is shown more, and the store, the day and
// the shop of its scope stand on the event.
func KeptValue(k identifier.Key, value string) string {
	if k.Namespace.Kind() == identifier.KindReference {
		return NumberOf(value)
	}
	return value
}
