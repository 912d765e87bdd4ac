package contact

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"rcu/pkg/internal/pack"
)

// logVersion is the first byte of every packed log.
const logVersion = 1

// ErrCorrupt says that packed bytes are no log: nobody knows how often the person was contacted, so no optional contact is made.
var ErrCorrupt = errors.New("packed log of contacts is corrupt")

// Encode returns the packed log; nil where there is none.
//
// version, number of contacts, each: id, state and channel in one byte, time since the one before, how long a reservation holds, point.
func (l Log) Encode() []byte {
	if len(l.contacts) == 0 {
		return nil
	}
	b := make([]byte, 0, 2+len(l.contacts)*40)
	b = pack.Uint(append(b, logVersion), uint64(len(l.contacts)))
	at := int64(0)
	for _, c := range l.contacts {
		b = append(b, c.ID[:]...)
		channel := slices.Index(channels[:], c.Channel)
		b = append(b, byte(c.State)<<4|byte(channel&0xf))
		b = pack.Int(b, c.At-at)
		if c.State == Reserved {
			b = pack.Int(b, c.Expires-c.At)
		}
		b = pack.ShortKey(b, c.Point, 0)
		at = c.At
	}
	return b
}

// Decode reads a packed log; no bytes are an empty one. It refuses whatever Encode would not have written.
func Decode(b []byte) (Log, error) {
	if len(b) == 0 {
		return Log{}, nil
	}
	r := pack.Read(string(b[1:]))
	n := r.Count()
	if b[0] != logVersion || n == 0 || n > MaxContacts {
		return Log{}, fmt.Errorf("reading %d bytes of version %d: %w", len(b), b[0], ErrCorrupt)
	}
	l := Log{contacts: make([]Contact, 0, n)}
	at := int64(0)
	for range n {
		c := decodeContact(&r, at)
		at = c.At
		_, again := l.Find(c.ID)
		if !r.OK() || again || len(l.contacts) > 0 && compareContacts(l.contacts[len(l.contacts)-1], c) >= 0 {
			return Log{}, fmt.Errorf("reading %d bytes: %w", len(b), ErrCorrupt)
		}
		l.contacts = append(l.contacts, c)
	}
	if r.Done() != nil || !bytes.Equal(l.Encode(), b) {
		return Log{}, fmt.Errorf("reading %d bytes: %w", len(b), ErrCorrupt)
	}
	return l, nil
}

// decodeContact reads one contact that follows another.
func decodeContact(r *pack.Reader, before int64) Contact {
	var c Contact
	copy(c.ID[:], r.Take(IDSize))
	head := r.Byte()
	c.State = State(head >> 4)
	if channel := int(head & 0xf); c.State < Reserved || c.State > Declined || channel >= len(channels) {
		r.Fail()
	} else {
		c.Channel = channels[channel]
	}
	c.At = before + r.Int()
	if c.State == Reserved {
		c.Expires = c.At + r.Int()
	}
	var flags byte
	if c.Point, flags = r.ShortKey(); flags != 0 {
		r.Fail()
	}
	return c
}
