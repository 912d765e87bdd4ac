package identifier

import (
	"cmp"
	"encoding/hex"
	"fmt"
)

// PseudonymSize is the length of a Pseudonym in bytes.
const PseudonymSize = 17

// Pseudonym is the version byte of the pepper and 128 bits of HMAC-SHA-256(pepper, space ‖ namespace ‖ value):
// the only form in which an identifier is a key, a log field or a column.
type Pseudonym [PseudonymSize]byte

// ParsePseudonym reads the 17 bytes of a pseudonym.
func ParsePseudonym(b []byte) (Pseudonym, error) {
	if len(b) != PseudonymSize {
		return Pseudonym{}, fmt.Errorf("pseudonym has %d bytes, want %d", len(b), PseudonymSize)
	}
	return Pseudonym(b), nil
}

// String returns the 34 hexadecimal digits.
func (p Pseudonym) String() string { return hex.EncodeToString(p[:]) }

// Key is an identifier as the kernel sees it. In the product Value is the 17 bytes of the pseudonym;
// offline (exchange format) it is the whole plain `namespace:value` string. Ties are broken by Value, bytewise.
type Key struct {
	Namespace Namespace
	Value     string
}

// KeyOf returns the key of a pseudonym.
func KeyOf(n Namespace, p Pseudonym) Key { return Key{Namespace: n, Value: string(p[:])} }

// Pseudonym returns the pseudonym of a product key.
func (k Key) Pseudonym() (Pseudonym, error) { return ParsePseudonym([]byte(k.Value)) }

// Compare orders keys by namespace order, then value.
func Compare(a, b Key) int {
	if c := cmp.Compare(a.Namespace.Rank(), b.Namespace.Rank()); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Namespace, b.Namespace); c != 0 {
		return c
	}
	return cmp.Compare(a.Value, b.Value)
}
