package identity

import "encoding/binary"

// The first byte of an encoded leaf: its format and form.
const (
	leafNone        = 0x10
	leafDevice      = 0x11
	leafIdentifiers = 0x12
	leafReference   = 0x13
)

// Encode returns the canonical bytes of the leaf: equal leaves have equal bytes, for good.
func (l Leaf) Encode() []byte {
	b := make([]byte, 0, 96)
	switch {
	case l.Device.Value != "":
		b = append(b, leafDevice)
		b = appendKey(b, l.Device)
		b = binary.AppendVarint(b, l.Stamp)
		b = binary.AppendVarint(b, l.Month)
		b = appendKey(b, l.Person)
		if l.Shared {
			return append(b, 1)
		}
		return append(b, 0)
	case l.First.Value != "":
		b = append(b, leafIdentifiers)
		return appendKey(appendKey(b, l.First), l.Second)
	case l.Reference.Value != "":
		return appendKey(append(b, leafReference), l.Reference)
	}
	return append(b, leafNone)
}

// DecodeLeaf reads what Encode wrote.
func DecodeLeaf(b []byte) (Leaf, error) {
	u := unpacker{b: b}
	var l Leaf
	switch u.byte() {
	case leafNone:
	case leafDevice:
		l.Device = u.key()
		l.Stamp = u.varint()
		l.Month = u.varint()
		l.Person = u.key()
		l.Shared = u.bool()
	case leafIdentifiers:
		l.First = u.key()
		l.Second = u.key()
	case leafReference:
		l.Reference = u.key()
	default:
		u.fail()
	}
	if err := u.done(); err != nil {
		return Leaf{}, err
	}
	return l, nil
}
