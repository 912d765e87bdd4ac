// Package pack writes and reads the packed values that are stored: varints, lengths and bytes, one after the other.
//
// A Reader never panics and never allocates more than its input; after the first damage it reads zeros. Every number has one
// form, so that a value that can be read is written back with the same bytes.
package pack

import (
	"encoding/binary"
	"errors"
	"slices"

	"rcu/pkg/identifier"
)

// ErrDamaged says that packed bytes cannot be read.
var ErrDamaged = errors.New("packed value is damaged")

// Uint appends an unsigned number.
func Uint(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

// Int appends a signed number.
func Int(b []byte, v int64) []byte { return binary.AppendVarint(b, v) }

// Text appends a text with its length.
func Text[S ~string](b []byte, s S) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Key appends an identifier.
func Key(b []byte, k identifier.Key) []byte { return Text(Text(b, k.Namespace), k.Value) }

// namespaces are numbered in short identifiers: only ever append. 0 is a namespace that is not among them.
var namespaces = [...]identifier.Namespace{
	"", identifier.Customer, identifier.Card, identifier.Email, identifier.Phone, identifier.Pay, identifier.Device, identifier.Cookie,
	identifier.CompanyCard, identifier.HouseholdCard, identifier.StaffDiscount, identifier.Landline, identifier.Order, identifier.Ticket,
	identifier.Case, identifier.Basket, identifier.Call,
}

// The first byte of a short identifier: the number of its namespace, whether the value is a pseudonym of the first pepper, whose
// version is then left out, and two flags of the caller.
const (
	shortNumber    = 0x1f
	shortPseudonym = 0x20
	// ShortFlags are the two bits that ShortKey leaves to its caller.
	ShortFlags = 0xc0
)

// ShortKey appends an identifier in the fewest bytes, with two flags of the caller.
func ShortKey(b []byte, k identifier.Key, flags byte) []byte {
	number := max(0, slices.Index(namespaces[:], k.Namespace))
	head := flags&ShortFlags | byte(number) //nolint:gosec // the table is short
	short := len(k.Value) == identifier.PseudonymSize && k.Value[0] == 1
	if short {
		head |= shortPseudonym
	}
	b = append(b, head)
	if number == 0 {
		b = Text(b, k.Namespace)
	}
	if short {
		return append(b, k.Value[1:]...)
	}
	return Text(b, k.Value)
}

// Bool appends a truth.
func Bool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// Reader reads packed bytes. Texts share the memory of the input.
type Reader struct {
	s      string
	broken bool
}

// Read returns a Reader of s.
func Read(s string) Reader { return Reader{s: s} }

// Fail marks the value as damaged.
func (r *Reader) Fail() { r.s, r.broken = "", true }

// Left is the number of bytes not yet read.
func (r *Reader) Left() int { return len(r.s) }

// OK reports whether nothing was damaged so far.
func (r *Reader) OK() bool { return !r.broken }

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if len(r.s) == 0 {
		r.Fail()
		return 0
	}
	c := r.s[0]
	r.s = r.s[1:]
	return c
}

// Bool reads a truth.
func (r *Reader) Bool() bool {
	c := r.Byte()
	if c > 1 {
		r.Fail()
	}
	return c == 1
}

// Uint reads an unsigned number in its shortest form.
func (r *Reader) Uint() uint64 {
	var v uint64
	for i := 0; i < len(r.s) && i < binary.MaxVarintLen64; i++ {
		c := r.s[i]
		if c < 0x80 {
			if i > 0 && c == 0 || i == binary.MaxVarintLen64-1 && c > 1 {
				break
			}
			r.s = r.s[i+1:]
			return v | uint64(c)<<(7*i)
		}
		v |= uint64(c&0x7f) << (7 * i)
	}
	r.Fail()
	return 0
}

// Int reads a signed number.
func (r *Reader) Int() int64 {
	u := r.Uint()
	return int64(u>>1) ^ -int64(u&1)
}

// Count reads the number of things that follow, each of at least one byte.
func (r *Reader) Count() int {
	n := r.Uint()
	if n > uint64(len(r.s)) {
		r.Fail()
		return 0
	}
	return int(n) //nolint:gosec // at most what is left
}

// Take reads n bytes.
func (r *Reader) Take(n int) string {
	if n < 0 || n > len(r.s) {
		r.Fail()
		return ""
	}
	s := r.s[:n]
	r.s = r.s[n:]
	return s
}

// Text reads a text.
func (r *Reader) Text() string { return r.Take(r.Count()) }

// Key reads an identifier.
func (r *Reader) Key() identifier.Key {
	namespace := r.Text()
	return identifier.Key{Namespace: identifier.Namespace(namespace), Value: r.Text()}
}

// ShortKey reads an identifier that ShortKey wrote, and the caller's flags.
func (r *Reader) ShortKey() (k identifier.Key, flags byte) {
	head := r.Byte()
	number := int(head & shortNumber)
	switch {
	case number >= len(namespaces):
		r.Fail()
	case number > 0:
		k.Namespace = namespaces[number]
	default:
		k.Namespace = identifier.Namespace(r.Text())
		if slices.Contains(namespaces[1:], k.Namespace) {
			r.Fail()
		}
	}
	if head&shortPseudonym != 0 {
		if v := r.Take(identifier.PseudonymSize - 1); v != "" {
			k.Value = "\x01" + v
		}
	} else if k.Value = r.Text(); len(k.Value) == identifier.PseudonymSize && k.Value[0] == 1 {
		r.Fail()
	}
	return k, head & ShortFlags
}

// Done returns ErrDamaged if anything was damaged or is left over.
func (r *Reader) Done() error {
	if r.broken || len(r.s) > 0 {
		return ErrDamaged
	}
	return nil
}
