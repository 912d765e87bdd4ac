package profile

import (
	"encoding/binary"
	"time"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/internal/pack"
	eventpb "rcu/schemas/event"
)

// packedVersion is the first byte of every packed state.
const packedVersion = 2

// Encode returns the packed state: the content, then offsets and the owner written.
func (s *State) Encode() []byte {
	w := s.encodeContent(true)
	w.text(packWritten(s.written))
	w.uint(uint64(len(s.offsets)))
	log := uint64(0)
	for _, o := range s.offsets {
		w.uint(uint64(o.partition)<<1 | uint64(w.flag(o.log == log)))
		if o.log != log {
			log = o.log
			w.fixed64(log)
		}
		w.word(o.topic)
		w.int(o.last)
	}
	return w.b
}

// Content returns the packed content alone: equal for equal sets of events, whatever their order, repetition and batching.
func (s *State) Content() []byte { w := s.encodeContent(true); return w.b }

// Facts is Content without sealed bytes: sealing the same value twice gives different bytes.
func (s *State) Facts() []byte { w := s.encodeContent(false); return w.b }

// EqualContent reports whether two states hold the same content.
func (s *State) EqualContent(o *State) bool { return string(s.Content()) == string(o.Content()) }

// packWritten halves an rcu_id of hexadecimal digits; other texts keep their form.
func packWritten(id string) string {
	if b, ok := fromDigits(id); ok && len(b) == identifier.PseudonymSize {
		return "\x01" + b
	}
	if id == "" {
		return ""
	}
	return "\x00" + id
}

func unpackWritten(s string) string {
	switch {
	case s == "":
		return ""
	case s[0] == 1:
		return digitsOf(s[1:])
	}
	return s[1:]
}

// maxWords bounds the numbered texts of one state, and so the search for one.
const maxWords = 64

// writer appends packed values. Frequent texts (stores, sources, currencies) are written once and numbered by first use.
type writer struct {
	b     []byte
	words []string
}

func (w *writer) byte(v byte)      { w.b = append(w.b, v) }
func (w *writer) uint(v uint64)    { w.b = binary.AppendUvarint(w.b, v) }
func (w *writer) int(v int64)      { w.b = binary.AppendVarint(w.b, v) }
func (w *writer) fixed64(v uint64) { w.b = binary.LittleEndian.AppendUint64(w.b, v) }
func (w *writer) text(s string)    { w.uint(uint64(len(s))); w.b = append(w.b, s...) }

func (w *writer) flag(v bool) byte {
	if v {
		return 1
	}
	return 0
}

// word writes the number of a frequent text, or at its first use the text itself.
func (w *writer) word(s string) {
	if i := commonWord(s); i >= 0 {
		w.uint(uint64(i) + 1)
		return
	}
	for i := len(w.words) - 1; i >= 0; i-- {
		if w.words[i] == s {
			w.uint(uint64(len(commonWords)+i) + 1)
			return
		}
	}
	w.uint(0)
	w.text(s)
	if len(w.words) < maxWords {
		w.words = append(w.words, s)
	}
}

// The first bits of a packed type and channel: a byte where both are in their tables, which is always.
const (
	typeBits    = 5
	otherType   = 1<<typeBits - 1
	otherShare  = 1<<(8-typeBits) - 1 // any other channel
	maxChannels = otherShare
)

// what writes a type and a channel.
func (w *writer) what(t string, ch eventpb.Channel) {
	c := typeCode(t)
	if c == 0 {
		c = otherType
	}
	share := byte(otherShare)
	if ch >= 0 && ch < maxChannels {
		share = byte(ch)
	}
	w.byte(c | share<<typeBits)
	if c == otherType {
		w.word(t)
	}
	if share == otherShare {
		w.int(int64(ch))
	}
}

func (w *writer) key(k identifier.Key, flags byte) { w.b = pack.ShortKey(w.b, k, flags) }

// month writes a month as its distance from that of a time; 0 is none.
func (w *writer) month(m int32, at int64) {
	if m == 0 {
		w.uint(0)
		return
	}
	d := monthIndex(m) - monthIndexAt(at)
	w.uint(1 + uint64(d<<1^d>>63)) //nolint:gosec // as a varint of a signed number
}

func monthIndex(m int32) int64 { return int64(m/100)*12 + int64(m%100) - 1 }

func monthIndexAt(micros int64) int64 {
	y, m, _ := time.UnixMicro(micros).UTC().Date()
	return int64(y)*12 + int64(m) - 1
}

// Forms of a leaf.
const (
	leafNone = iota
	leafDevice
	leafIdentifiers
	leafReference
)

// Flags of the identifiers of a leaf.
const (
	leafMore   = 0x80 // another identifier follows
	leafShared = 0x40
)

func (w *writer) leaf(l identity.Leaf) {
	flag := func(on bool, f byte) byte { return w.flag(on) * f }
	switch {
	case l.Device.Value != "":
		w.byte(leafDevice)
		w.key(l.Device, flag(l.Person.Value != "", leafMore)|flag(l.Shared, leafShared))
		w.int(l.Stamp)
		w.int(l.Month)
		if l.Person.Value != "" {
			w.key(l.Person, 0)
		}
	case l.First.Value != "":
		w.byte(leafIdentifiers)
		if w.key(l.First, flag(l.Second.Value != "", leafMore)); l.Second.Value != "" {
			w.key(l.Second, 0)
		}
	case l.Reference.Value != "":
		w.byte(leafReference)
		w.key(l.Reference, 0)
	default:
		w.byte(leafNone)
	}
}

func (s *State) encodeContent(sealed bool) writer {
	w := writer{b: make([]byte, 0, 192+64*len(s.log)+len(s.tail)+13*len(s.seen)+128*len(s.traits)), words: make([]string, 0, 16)}
	w.byte(packedVersion)
	f := s.sections()
	w.byte(f)
	w.text(s.space)
	w.text(s.controller)
	w.leaf(s.leaf)
	s.encodeLog(&w)
	if f&hasSpan != 0 {
		w.int(s.first)
		w.int(s.last - s.first)
	}
	if f&hasAccounts != 0 {
		s.encodeAccounts(&w)
	}
	if f&hasTraits != 0 {
		s.encodeTraits(&w, sealed)
	}
	if f&hasBalances != 0 {
		s.encodeBalances(&w)
	}
	if f&hasActivity != 0 {
		s.encodeActivity(&w)
	}
	if f&hasTail != 0 {
		w.uint(uint64(s.tailLen())) //nolint:gosec // a length
		w.b = append(w.b, s.tail...)
	}
	if f&hasSeen != 0 {
		s.encodeSeen(&w)
	}
	if f&hasPending != 0 {
		s.encodePending(&w)
	}
	return w
}

func (s *State) encodeBalances(w *writer) {
	w.uint(uint64(len(s.balances)))
	for _, b := range s.balances {
		w.text(b.Name)
		w.word(b.Currency)
		w.int(b.Minor)
		w.int(b.At - s.last)
		w.fixed64(b.ID)
		w.byte(w.flag(b.Retracted))
	}
}

func (s *State) encodeAccounts(w *writer) {
	w.uint(uint64(len(s.counters)))
	for _, c := range s.counters {
		w.what(c.Type, c.Channel)
		w.int(c.N)
	}
	w.uint(uint64(len(s.sums)))
	for _, x := range s.sums {
		w.word(x.Currency)
		w.month(x.Month, s.last)
		w.int(int64(x.Channel))
		w.int(x.Sales)
		w.int(x.Returns)
		w.int(x.Tickets)
	}
}

func (s *State) encodeActivity(w *writer) {
	w.uint(uint64(len(s.activity)))
	for _, c := range s.activity {
		w.what(c.typ, c.channel)
		w.int(c.first)
		w.int(c.last - c.first)
		w.fixed64(c.key)
		w.word(c.store)
	}
}

// encodeSeen names ids that the log knows by their place in it.
func (s *State) encodeSeen(w *writer) {
	w.uint(uint64(len(s.seen)))
	hour := uint32(0)
	for _, x := range s.seen {
		w.uint(uint64(x.hour - hour))
		hour = x.hour
		i := s.placeOfID(x.id)
		if w.uint(uint64(i + 1)); i < 0 { //nolint:gosec // a place
			w.fixed64(x.id)
		}
		w.b = binary.LittleEndian.AppendUint32(w.b, x.digest)
	}
}

// placeOfID is the place in the log of the first entry that an event is the content of; -1: none.
func (s *State) placeOfID(id uint64) int {
	for i := range s.log {
		if s.log[i].IDs[0] == id {
			return i
		}
	}
	return -1
}

func (s *State) encodePending(w *writer) {
	w.uint(uint64(len(s.pending)))
	for _, p := range s.pending {
		w.int(p.at)
		w.fixed64(p.id)
	}
}
