package profile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	eventpb "rcu/schemas/event"
)

// ErrCorrupt says that packed bytes are no state.
var ErrCorrupt = errors.New("packed leaf state is corrupt")

// Decode reads a packed state; no bytes are an empty state. The bytes are not kept.
func Decode(b []byte) (*State, error) {
	if len(b) == 0 {
		return &State{}, nil
	}
	if b[0] != packedVersion {
		return nil, fmt.Errorf("reading leaf state of version %d: %w", b[0], ErrCorrupt)
	}
	r := reader{s: string(b), i: 1, words: make([]string, 0, 16)}
	s := &State{}
	s.decodeContent(&r)
	s.written = unpackWritten(r.text())
	s.offsets = make([]offset, 0, r.count(11))
	for range cap(s.offsets) {
		s.offsets = append(s.offsets, offset{log: r.fixed64(), topic: r.text(), partition: r.uint32(), last: r.int()})
	}
	if r.bad || r.i != len(r.s) {
		return nil, fmt.Errorf("reading %d bytes of leaf state: %w", len(b), ErrCorrupt)
	}
	return s, nil
}

// reader reads packed values; after the first fault it reads zeros.
type reader struct {
	s     string
	i     int
	bad   bool
	words []string
}

func (r *reader) fail() { r.bad, r.i = true, len(r.s) }

func (r *reader) byte() byte {
	if r.i >= len(r.s) {
		r.fail()
		return 0
	}
	r.i++
	return r.s[r.i-1]
}

func (r *reader) uint() uint64 {
	var v uint64
	for shift := uint(0); shift < 64; shift += 7 {
		c := r.byte()
		v |= uint64(c&0x7F) << shift
		if c < 0x80 {
			if shift == 63 && c > 1 {
				r.fail()
			}
			return v
		}
	}
	r.fail()
	return 0
}

func (r *reader) uint32() uint32 {
	v := r.uint()
	if v > math.MaxUint32 {
		r.fail()
		return 0
	}
	return uint32(v)
}

func (r *reader) int() int64 {
	u := r.uint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *reader) fixed64() uint64 {
	if len(r.s)-r.i < 8 {
		r.fail()
		return 0
	}
	var v uint64
	for k := range 8 {
		v |= uint64(r.s[r.i+k]) << (8 * k)
	}
	r.i += 8
	return v
}

func (r *reader) text() string {
	n := r.uint()
	if n > uint64(len(r.s)-r.i) { //nolint:gosec // i never passes the end
		r.fail()
		return ""
	}
	r.i += int(n)                //nolint:gosec // bounded above
	return r.s[r.i-int(n) : r.i] //nolint:gosec // bounded above
}

// count reads how many items follow, each of at least size bytes.
func (r *reader) count(size int) int {
	n := r.uint()
	if n > uint64((len(r.s)-r.i)/size) { //nolint:gosec // i never passes the end
		r.fail()
		return 0
	}
	return int(n) //nolint:gosec // bounded above
}

func (r *reader) word() string {
	n := r.uint()
	if n == 0 {
		s := r.text()
		if len(r.words) < maxWords {
			r.words = append(r.words, s)
		}
		return s
	}
	if n > uint64(len(r.words)) {
		r.fail()
		return ""
	}
	return r.words[n-1]
}

func (r *reader) typ() string {
	c := r.byte()
	switch {
	case c == 0:
		return r.word()
	case int(c) >= len(typeCodes):
		r.fail()
		return ""
	}
	return typeCodes[c]
}

func (r *reader) channel() eventpb.Channel { return eventpb.Channel(r.byte()) }

func (r *reader) key() identifier.Key {
	c := r.byte()
	ns := ""
	switch {
	case c == 0:
		ns = r.text()
	case int(c) >= len(namespaceCodes):
		r.fail()
	default:
		ns = namespaceCodes[c]
	}
	return identifier.Key{Namespace: identifier.Namespace(ns), Value: r.text()}
}

func (r *reader) month() int32 { return int32(r.uint() & math.MaxInt32) }

func (s *State) decodeContent(r *reader) {
	s.space, s.controller = r.text(), r.text()
	s.leaf = r.leaf()
	s.first = r.int()
	s.last = s.first + r.int()
	s.decodeTraits(r)
	s.decodeSums(r)
	s.activity = make([]contact, 0, r.count(13))
	for range cap(s.activity) {
		c := contact{channel: r.channel(), first: r.int()}
		c.last, c.key, c.typ, c.store = c.first+r.int(), r.fixed64(), r.typ(), r.word()
		s.activity = append(s.activity, c)
	}
	s.decodeLog(r)
	if n := r.count(tailSize); n > 0 {
		s.tail = make([]byte, n*tailSize, (n+1)*tailSize)
		r.i += copy(s.tail, r.s[r.i:])
		for i := tailSize - 1; i < len(s.tail); i += tailSize {
			if s.tail[i] > 1 {
				r.fail()
			}
		}
	}
	s.decodeSeen(r)
}

func (r *reader) leaf() identity.Leaf {
	b := r.text()
	if b == "" {
		return identity.Leaf{}
	}
	l, err := identity.DecodeLeaf([]byte(b))
	if err != nil {
		r.fail()
	}
	return l
}

func (s *State) decodeTraits(r *reader) {
	s.traits = make([]Trait, 0, r.count(13))
	for range cap(s.traits) {
		t := Trait{Name: r.text()}
		f := r.byte()
		t.Trust, t.Retracted, t.Sealed = eventpb.Trust(f>>2), f&2 != 0, f&1 != 0
		t.At, t.ID, t.Source, t.Value = s.last+r.int(), r.fixed64(), r.word(), r.text()
		s.traits = append(s.traits, t)
	}
	s.balances = make([]Balance, 0, r.count(13))
	for range cap(s.balances) {
		s.balances = append(s.balances, Balance{
			Name: r.text(), Currency: r.word(), Minor: r.int(), At: s.last + r.int(), ID: r.fixed64(), Retracted: r.byte() == 1,
		})
	}
}

func (s *State) decodeSums(r *reader) {
	s.counters = make([]Counter, 0, r.count(3))
	for range cap(s.counters) {
		s.counters = append(s.counters, Counter{Type: r.typ(), Channel: r.channel(), N: r.int()})
	}
	s.sums = make([]Sum, 0, r.count(6))
	for range cap(s.sums) {
		s.sums = append(s.sums, Sum{Currency: r.word(), Month: r.month(), Channel: r.channel(), Sales: r.int(), Returns: r.int(), Tickets: r.int()})
	}
}

func (s *State) decodeLog(r *reader) {
	n, nrefs, npieces := r.count(13), r.count(2), r.count(3)
	if n == 0 {
		return
	}
	s.log = make([]Entry, n, n+1)
	d := entryReader{reader: r, refs: make([]Ref, 0, nrefs), pieces: make([]Piece, 0, npieces)}
	for i := range s.log {
		d.entry(&s.log[i])
	}
}

// entryReader reads entries; their references and pieces share two slices.
type entryReader struct {
	*reader
	refs   []Ref
	pieces []Piece
	at     int64
}

func (r *entryReader) entry(e *Entry) {
	f := r.byte()
	e.Retracted = f&isTakenBack != 0
	r.at += r.int()
	e.At = r.at
	e.Key = r.fixed64()
	e.IDs[0] = e.Key
	if f&hasOwnID != 0 {
		e.IDs[0] = r.fixed64()
	}
	if f&hasOtherID != 0 {
		e.IDs[1] = r.fixed64()
	}
	e.Type, e.Channel, e.Store = r.typ(), r.channel(), r.word()
	if f&hasMoney != 0 {
		e.Amount, e.Currency, e.Month = r.int(), r.word(), r.month()
	}
	if f&hasRefs != 0 {
		from := len(r.refs)
		for range r.count(2) {
			k := r.key()
			r.refs = append(r.refs, Ref{Namespace: k.Namespace, Value: k.Value})
		}
		e.Refs = r.refs[from:len(r.refs):len(r.refs)]
	}
	if f&hasTexts != 0 {
		e.A, e.B = r.word(), r.word()
	}
	if f&hasN != 0 {
		e.N = r.int()
	}
	if f&hasPieces != 0 {
		from := len(r.pieces)
		for range r.count(3) {
			r.pieces = append(r.pieces, Piece{SKU: r.word(), Number: r.uint32(), State: r.word()})
		}
		e.Pieces = r.pieces[from:len(r.pieces):len(r.pieces)]
	}
}

func (s *State) decodeSeen(r *reader) {
	n := r.count(13)
	s.seen = make([]seen, 0, n+1)
	hour := uint32(0)
	for range n {
		hour += r.uint32()
		x := seen{hour: hour, id: r.fixed64()}
		if len(r.s)-r.i < 4 {
			r.fail()
			return
		}
		x.digest = binary.LittleEndian.Uint32([]byte(r.s[r.i : r.i+4]))
		r.i += 4
		s.seen = append(s.seen, x)
	}
	s.pending = make([]pending, 0, r.count(9))
	for range cap(s.pending) {
		s.pending = append(s.pending, pending{at: r.int(), id: r.fixed64()})
	}
}
