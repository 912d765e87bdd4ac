package identity

import (
	"bytes"

	"rcu/pkg/internal/pack"
)

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
		b = pack.Key(b, l.Device)
		b = pack.Int(b, l.Stamp)
		b = pack.Int(b, l.Month)
		b = pack.Key(b, l.Person)
		return pack.Bool(b, l.Shared)
	case l.First.Value != "":
		b = append(b, leafIdentifiers)
		return pack.Key(pack.Key(b, l.First), l.Second)
	case l.Reference.Value != "":
		return pack.Key(append(b, leafReference), l.Reference)
	}
	return append(b, leafNone)
}

// DecodeLeaf reads what Encode wrote.
func DecodeLeaf(b []byte) (Leaf, error) {
	u := pack.Read(string(b))
	var l Leaf
	switch u.Byte() {
	case leafNone:
	case leafDevice:
		l.Device = u.Key()
		l.Stamp = u.Int()
		l.Month = u.Int()
		l.Person = u.Key()
		l.Shared = u.Bool()
	case leafIdentifiers:
		l.First = u.Key()
		l.Second = u.Key()
	case leafReference:
		l.Reference = u.Key()
	default:
		u.Fail()
	}
	err := u.Done()
	if err == nil && !bytes.Equal(l.Encode(), b) { // the form without its identifier, a namespace without a value
		err = pack.ErrDamaged
	}
	if err != nil {
		return Leaf{}, err
	}
	return l, nil
}
