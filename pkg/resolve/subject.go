package resolve

import (
	"encoding/hex"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// SubjectKeyCell is the key of the wrapped key that seals the traits of a subject.
func SubjectKeyCell(space, controller string, subject identifier.Key) string {
	return "k:" + space + ":" + controller + ":" + subject.Value
}

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
func IdentifierTrait(k identifier.Key) string {
	return "#" + string(k.Namespace) + ":" + hex.EncodeToString([]byte(k.Value))
}

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
