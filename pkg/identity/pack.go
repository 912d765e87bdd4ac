package identity

import (
	"encoding/binary"
	"errors"

	"rcu/pkg/identifier"
)

// ErrDamaged says that packed bytes cannot be read.
var ErrDamaged = errors.New("packed value is damaged")

func appendKey(b []byte, k identifier.Key) []byte {
	b = append(binary.AppendUvarint(b, uint64(len(k.Namespace))), k.Namespace...)
	return append(binary.AppendUvarint(b, uint64(len(k.Value))), k.Value...)
}

// unpacker reads packed bytes; after the first damage it reads zeros.
type unpacker struct {
	b   []byte
	err error
}

func (u *unpacker) fail() { u.b, u.err = nil, ErrDamaged }

func (u *unpacker) byte() byte {
	if len(u.b) == 0 {
		u.fail()
		return 0
	}
	c := u.b[0]
	u.b = u.b[1:]
	return c
}

func (u *unpacker) bool() bool {
	c := u.byte()
	if c > 1 {
		u.fail()
	}
	return c == 1
}

func (u *unpacker) varint() int64 {
	v, n := binary.Varint(u.b)
	if n <= 0 || n != len(binary.AppendVarint(nil, v)) {
		u.fail()
		return 0
	}
	u.b = u.b[n:]
	return v
}

func (u *unpacker) text() string {
	l, n := binary.Uvarint(u.b)
	if n <= 0 || n != len(binary.AppendUvarint(nil, l)) || l > uint64(len(u.b)-n) {
		u.fail()
		return ""
	}
	s := string(u.b[n : n+int(l)])
	u.b = u.b[n+int(l):]
	return s
}

func (u *unpacker) key() identifier.Key {
	ns := u.text()
	return identifier.Key{Namespace: identifier.Namespace(ns), Value: u.text()}
}

// done returns the error, which trailing bytes are too.
func (u *unpacker) done() error {
	if u.err == nil && len(u.b) > 0 {
		u.err = ErrDamaged
	}
	return u.err
}
