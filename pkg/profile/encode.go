package profile

import (
	"encoding/binary"
	"encoding/hex"

	"rcu/pkg/identifier"
)

// packedVersion is the first byte of every packed state.
const packedVersion = 1

// Encode returns the packed state: the content, then offsets and the owner written.
func (s *State) Encode() []byte {
	w := s.encodeContent(true)
	w.text(packWritten(s.written))
	w.uint(uint64(len(s.offsets)))
	for _, o := range s.offsets {
		w.fixed64(o.log)
		w.text(o.topic)
		w.uint(uint64(o.partition))
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
	if b, err := hex.DecodeString(id); err == nil && len(b) == identifier.PseudonymSize && hex.EncodeToString(b) == id {
		return "\x01" + string(b)
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
		return hex.EncodeToString([]byte(s[1:]))
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
	for i := len(w.words) - 1; i >= 0; i-- {
		if w.words[i] == s {
			w.uint(uint64(i) + 1)
			return
		}
	}
	w.uint(0)
	w.text(s)
	if len(w.words) < maxWords {
		w.words = append(w.words, s)
	}
}

func (w *writer) typ(t string) {
	c := typeCode(t)
	w.byte(c)
	if c == 0 {
		w.word(t)
	}
}

func (w *writer) key(k identifier.Key) {
	c := namespaceCode(string(k.Namespace))
	w.byte(c)
	if c == 0 {
		w.text(string(k.Namespace))
	}
	w.text(k.Value)
}

func (s *State) encodeContent(sealed bool) writer {
	w := writer{b: make([]byte, 0, 192+64*len(s.log)+len(s.tail)+13*len(s.seen)+128*len(s.traits)), words: make([]string, 0, 16)}
	w.byte(packedVersion)
	w.text(s.space)
	w.text(s.controller)
	w.text(string(s.leaf.Encode()))
	w.int(s.first)
	w.int(s.last - s.first)
	s.encodeTraits(&w, sealed)
	s.encodeSums(&w)
	s.encodeActivity(&w)
	s.encodeLog(&w)
	w.uint(uint64(s.tailLen())) //nolint:gosec // a length
	w.b = append(w.b, s.tail...)
	s.encodeSeen(&w)
	return w
}

func (s *State) encodeTraits(w *writer, sealed bool) {
	w.uint(uint64(len(s.traits)))
	for i := range s.traits {
		t := &s.traits[i]
		w.text(t.Name)
		w.byte(byte(t.Trust)<<2 | w.flag(t.Retracted)<<1 | w.flag(t.Sealed)) //nolint:gosec // five classes
		w.int(t.At - s.last)
		w.fixed64(t.ID)
		w.word(t.Source)
		if v := t.Value; sealed || !t.Sealed {
			w.text(v)
		} else {
			w.text("")
		}
	}
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

func (s *State) encodeSums(w *writer) {
	w.uint(uint64(len(s.counters)))
	for _, c := range s.counters {
		w.typ(c.Type)
		w.byte(byte(c.Channel)) //nolint:gosec // five channels
		w.int(c.N)
	}
	w.uint(uint64(len(s.sums)))
	for _, x := range s.sums {
		w.word(x.Currency)
		w.uint(uint64(x.Month)) //nolint:gosec // yyyymm
		w.byte(byte(x.Channel)) //nolint:gosec // five channels
		w.int(x.Sales)
		w.int(x.Returns)
		w.int(x.Tickets)
	}
}

func (s *State) encodeActivity(w *writer) {
	w.uint(uint64(len(s.activity)))
	for _, c := range s.activity {
		w.byte(byte(c.channel)) //nolint:gosec // five channels
		w.int(c.first)
		w.int(c.last - c.first)
		w.fixed64(c.key)
		w.typ(c.typ)
		w.word(c.store)
	}
}

// Flags of a packed entry: what of it is there.
const (
	hasOwnID = 1 << iota // the key is not the id
	hasOtherID
	hasMoney
	hasRefs
	hasTexts
	hasN
	hasPieces
	isTakenBack
)

func (s *State) encodeLog(w *writer) {
	refs, pieces := 0, 0
	for i := range s.log {
		refs, pieces = refs+len(s.log[i].Refs), pieces+len(s.log[i].Pieces)
	}
	w.uint(uint64(len(s.log)))
	w.uint(uint64(refs))
	w.uint(uint64(pieces))
	at := int64(0)
	for i := range s.log {
		s.log[i].encode(w, at)
		at = s.log[i].At
	}
}

func (e *Entry) flags() byte {
	f := byte(0)
	for bit, on := range [...]bool{
		e.IDs[0] != e.Key, e.IDs[1] != 0, e.Amount != 0 || e.Currency != "" || e.Month != 0, len(e.Refs) > 0,
		e.A != "" || e.B != "", e.N != 0, len(e.Pieces) > 0, e.Retracted,
	} {
		if on {
			f |= 1 << bit
		}
	}
	return f
}

func (e *Entry) encode(w *writer, since int64) {
	f := e.flags()
	w.byte(f)
	w.int(e.At - since)
	w.fixed64(e.Key)
	if f&hasOwnID != 0 {
		w.fixed64(e.IDs[0])
	}
	if f&hasOtherID != 0 {
		w.fixed64(e.IDs[1])
	}
	w.typ(e.Type)
	w.byte(byte(e.Channel)) //nolint:gosec // five channels
	w.word(e.Store)
	if f&hasMoney != 0 {
		w.int(e.Amount)
		w.word(e.Currency)
		w.uint(uint64(e.Month)) //nolint:gosec // yyyymm
	}
	if f&hasRefs != 0 {
		w.uint(uint64(len(e.Refs)))
		for _, r := range e.Refs {
			w.key(r.Key())
		}
	}
	if f&hasTexts != 0 {
		w.word(e.A)
		w.word(e.B)
	}
	if f&hasN != 0 {
		w.int(e.N)
	}
	if f&hasPieces != 0 {
		w.uint(uint64(len(e.Pieces)))
		for _, p := range e.Pieces {
			w.word(p.SKU)
			w.uint(uint64(p.Number))
			w.word(p.State)
		}
	}
}

func (s *State) encodeSeen(w *writer) {
	w.uint(uint64(len(s.seen)))
	hour := uint32(0)
	for _, x := range s.seen {
		w.uint(uint64(x.hour - hour))
		hour = x.hour
		w.fixed64(x.id)
		w.b = binary.LittleEndian.AppendUint32(w.b, x.digest)
	}
	w.uint(uint64(len(s.pending)))
	for _, p := range s.pending {
		w.int(p.at)
		w.fixed64(p.id)
	}
}
