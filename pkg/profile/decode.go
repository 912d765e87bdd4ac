package profile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/internal/pack"
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
	s.offsets = make([]offset, 0, r.count(3))
	log := uint64(0)
	for range cap(s.offsets) {
		x := r.uint()
		if x>>1 > math.MaxUint32 {
			r.fail()
		}
		if x&1 == 0 {
			log = r.fixed64()
		}
		s.offsets = append(s.offsets, offset{log: log, partition: uint32(x >> 1), topic: r.word(), last: r.int()}) //nolint:gosec // checked above
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
	if n <= uint64(len(commonWords)) {
		return commonWords[n-1]
	}
	if n -= uint64(len(commonWords)); n > uint64(len(r.words)) {
		r.fail()
		return ""
	}
	return r.words[n-1]
}

// what reads a type and a channel.
func (r *reader) what() (t string, ch eventpb.Channel) {
	b := r.byte()
	switch c := b & otherType; {
	case c == otherType:
		t = r.word()
	case c == 0 || int(c) >= len(typeCodes):
		r.fail()
	default:
		t = typeCodes[c]
	}
	if ch = eventpb.Channel(b >> typeBits); ch == otherShare {
		n := r.int()
		if n > math.MaxInt32 || n < math.MinInt32 {
			r.fail()
		}
		ch = eventpb.Channel(n) //nolint:gosec // checked above
	}
	return t, ch
}

func (r *reader) key() (identifier.Key, byte) {
	u := pack.Read(r.s[r.i:])
	k, flags := u.ShortKey()
	if r.i = len(r.s) - u.Left(); !u.OK() {
		r.fail()
	}
	return k, flags
}

// month reads a month by its distance from that of a time.
func (r *reader) month(at int64) int32 {
	n := r.uint()
	if n == 0 {
		return 0
	}
	n--
	m := int64(n>>1) ^ -int64(n&1) + monthIndexAt(at)
	if m <= 0 || m >= 12*10_000 {
		r.fail()
		return 0
	}
	return int32(m/12*100 + m%12 + 1)
}

func (s *State) decodeContent(r *reader) {
	f := r.byte()
	s.space, s.controller = r.text(), r.text()
	s.leaf = r.leaf()
	s.decodeLog(r)
	switch n := len(s.log); {
	case f&hasSpan != 0:
		s.first = r.int()
		s.last = s.first + r.int()
	case n > 0:
		s.first, s.last = s.log[0].At, s.log[n-1].At
	default:
		r.fail()
	}
	if f&hasAccounts != 0 {
		s.decodeAccounts(r)
	} else {
		s.counters, s.sums = accountsOf(s.log)
	}
	if f&hasTraits != 0 {
		s.decodeTraits(r)
	}
	if f&hasBalances != 0 {
		s.decodeBalances(r)
	}
	if f&hasActivity != 0 {
		s.decodeActivity(r)
	}
	if f&hasTail != 0 {
		s.decodeTail(r)
	}
	if f&hasSeen != 0 {
		s.decodeSeen(r)
	}
	if f&hasPending != 0 {
		s.decodePending(r)
	}
}

func (s *State) decodeActivity(r *reader) {
	s.activity = make([]contact, 0, r.count(12))
	for range cap(s.activity) {
		var c contact
		c.typ, c.channel = r.what()
		c.first = r.int()
		c.last, c.key, c.store = c.first+r.int(), r.fixed64(), r.word()
		s.activity = append(s.activity, c)
	}
}

func (s *State) decodeTail(r *reader) {
	n := r.count(tailSize)
	s.tail = make([]byte, n*tailSize, (n+1)*tailSize)
	r.i += copy(s.tail, r.s[r.i:])
	for i := tailSize - 1; i < len(s.tail); i += tailSize {
		if s.tail[i] > 1 {
			r.fail()
		}
	}
}

func (r *reader) leaf() (l identity.Leaf) {
	var flags byte
	switch r.byte() {
	case leafNone:
	case leafDevice:
		l.Device, flags = r.key()
		l.Shared = flags&leafShared != 0
		l.Stamp, l.Month = r.int(), r.int()
		if flags&leafMore != 0 {
			l.Person, _ = r.key()
		}
	case leafIdentifiers:
		if l.First, flags = r.key(); flags&leafMore != 0 {
			l.Second, _ = r.key()
		}
	case leafReference:
		l.Reference, _ = r.key()
	default:
		r.fail()
	}
	return l
}

func (s *State) decodeTraits(r *reader) {
	s.traits = make([]Trait, 0, r.count(4))
	for range cap(s.traits) {
		t := Trait{}
		form, key := r.traitForm(&t)
		f := r.byte()
		t.Trust, t.Retracted, t.Sealed = eventpb.Trust(f>>2), f&2 != 0, f&1 != 0
		at := r.place(len(s.log))
		if at >= 0 {
			t.At, t.ID = s.log[at].At, s.log[at].IDs[0]
		} else {
			t.At, t.ID = s.last+r.int(), r.fixed64()
		}
		t.Source, t.Value = r.word(), r.text()
		s.nameTrait(r, &t, form, key, at)
		s.traits = append(s.traits, t)
	}
}

// traitForm reads the name of a trait, or in what form it is told.
func (r *reader) traitForm(t *Trait) (form uint64, key identifier.Key) {
	switch form = r.uint(); form {
	case traitNamed:
		t.Name = r.word()
	case traitOfKey:
		key, _ = r.key()
	default:
	}
	return form, key
}

// nameTrait names a trait that is the value of an identifier.
func (s *State) nameTrait(r *reader, t *Trait, form uint64, key identifier.Key, at int) {
	switch {
	case form == traitNamed:
		return
	case form == traitOfKey:
	case form < traitOfEntry:
		key = s.keys()[form-traitOfLeaf]
	case at >= 0 && form-traitOfEntry < uint64(len(s.log[at].Refs)):
		key = s.log[at].Refs[form-traitOfEntry].Key()
	}
	if key.Value == "" {
		r.fail()
		return
	}
	t.Name = IdentifierTrait(key)
}

// place reads the place of one of n entries; -1 is none.
func (r *reader) place(n int) int {
	v := r.uint()
	if v > uint64(n) { //nolint:gosec // a length
		r.fail()
		return -1
	}
	return int(v) - 1 //nolint:gosec // bounded above
}

func (s *State) decodeBalances(r *reader) {
	s.balances = make([]Balance, 0, r.count(13))
	for range cap(s.balances) {
		s.balances = append(s.balances, Balance{
			Name: r.text(), Currency: r.word(), Minor: r.int(), At: s.last + r.int(), ID: r.fixed64(), Retracted: r.byte() == 1,
		})
	}
}

func (s *State) decodeAccounts(r *reader) {
	s.counters = make([]Counter, 0, r.count(2))
	for range cap(s.counters) {
		var c Counter
		c.Type, c.Channel = r.what()
		c.N = r.int()
		s.counters = append(s.counters, c)
	}
	s.sums = make([]Sum, 0, r.count(6))
	for range cap(s.sums) {
		x := Sum{Currency: r.word(), Month: r.month(s.last)}
		x.Channel = eventpb.Channel(r.int()) //nolint:gosec // as written
		x.Sales, x.Returns, x.Tickets = r.int(), r.int(), r.int()
		s.sums = append(s.sums, x)
	}
}

func (s *State) decodeSeen(r *reader) {
	n := r.count(6)
	s.seen = make([]seen, 0, n+1)
	hour := uint32(0)
	for range n {
		hour += r.uint32()
		x := seen{hour: hour}
		if i := r.place(len(s.log)); i >= 0 {
			x.id = s.log[i].IDs[0]
		} else {
			x.id = r.fixed64()
		}
		if len(r.s)-r.i < 4 {
			r.fail()
			return
		}
		x.digest = binary.LittleEndian.Uint32([]byte(r.s[r.i : r.i+4]))
		r.i += 4
		s.seen = append(s.seen, x)
	}
}

func (s *State) decodePending(r *reader) {
	s.pending = make([]pending, 0, r.count(9))
	for range cap(s.pending) {
		s.pending = append(s.pending, pending{at: r.int(), id: r.fixed64()})
	}
}
