package profile

import (
	"cmp"
	"encoding/binary"
	"slices"

	eventpb "rcu/schemas/event"
)

// contact is the first and last event of a channel.
type contact struct {
	channel     eventpb.Channel
	first, last int64
	key         uint64 // of the last
	typ, store  string // of the last
}

func (s *State) logLimit() int {
	if s.leaf.Device.Value != "" && s.leaf.Stamp > 0 {
		return limits.BehaviourLog
	}
	return limits.Log
}

func (s *State) findKey(key uint64) int {
	for i := len(s.log) - 1; i >= 0; i-- {
		if s.log[i].Key == key {
			return i
		}
	}
	return -1
}

func (s *State) findID(id uint64) int {
	for i := len(s.log) - 1; i >= 0; i-- {
		if s.log[i].IDs[0] == id || s.log[i].IDs[1] == id {
			return i
		}
	}
	return -1
}

// place puts a new event into the log and the accounts; another version of a ticket or order that is known is joined to it.
func (s *State) place(e Entry) Outcome {
	if i := s.findKey(e.Key); i >= 0 && !planted.doubleFold {
		old := s.log[i]
		s.log = slices.Delete(s.log, i, i+1)
		s.merge(old, e)
		return Duplicate
	}
	if i := s.findTail(e.Key, 0); i >= 0 {
		old := s.tailEntry(i)
		s.tail = slices.Delete(s.tail, i*tailSize, (i+1)*tailSize)
		s.merge(old, e)
		return Duplicate
	}
	s.account(&e, 1)
	s.insert(e)
	return Folded
}

// merge keeps the newer of two versions of one fact, under the ids of both.
func (s *State) merge(old, e Entry) {
	s.account(&old, -1)
	win, lose := e, old
	if newer(old.At, old.IDs[0], e.At, e.IDs[0]) || planted.firstVersion {
		win, lose = old, e
	}
	win.IDs[1] = max(win.IDs[1], lose.IDs[0], lose.IDs[1])
	if win.IDs[1] == win.IDs[0] {
		win.IDs[1] = min(lose.IDs[0], lose.IDs[1])
	}
	win.Retracted = old.Retracted || e.Retracted
	s.absorb(&lose)
	s.account(&win, 1)
	s.insert(win)
}

// insert keeps the log the newest entries; what falls out lives on in the activity and, if it moves money, in the tail.
func (s *State) insert(e Entry) {
	at := len(s.log)
	for at > 0 && newer(s.log[at-1].At, s.log[at-1].Key, e.At, e.Key) {
		at--
	}
	s.log = slices.Insert(s.log, at, e)
	for len(s.log) > s.logLimit() {
		s.absorb(&s.log[0])
		if isMoney(s.log[0].Type) && !planted.forgetOld {
			s.putTail(&s.log[0])
		}
		s.log = s.log[1:]
	}
}

// absorb joins an event that is not in the log into the activity of its channel.
func (s *State) absorb(e *Entry) {
	i, ok := slices.BinarySearchFunc(s.activity, e.Channel, func(c contact, ch eventpb.Channel) int { return cmp.Compare(c.channel, ch) })
	if !ok {
		s.activity = slices.Insert(s.activity, i, contact{channel: e.Channel, first: e.At, last: e.At, key: e.IDs[0], typ: e.Type, store: e.Store})
		return
	}
	c := &s.activity[i]
	c.first = min(c.first, e.At)
	if newer(e.At, e.IDs[0], c.last, c.key) {
		c.last, c.key, c.typ, c.store = e.At, e.IDs[0], e.Type, e.Store
	}
}

// account adds an event to the counters and sums, or takes it out again.
func (s *State) account(e *Entry, sign int64) {
	if e.Retracted {
		return
	}
	s.count(e.Type, e.Channel, sign)
	if isMoney(e.Type) {
		s.sum(e, sign)
	}
}

func (s *State) count(typ string, ch eventpb.Channel, n int64) {
	i, ok := slices.BinarySearchFunc(s.counters, Counter{Type: typ, Channel: ch}, compareCounters)
	if !ok {
		s.counters = slices.Insert(s.counters, i, Counter{Type: typ, Channel: ch})
	}
	s.counters[i].N += n
	if s.counters[i].N == 0 {
		s.counters = slices.Delete(s.counters, i, i+1)
	}
}

func compareCounters(a, b Counter) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Channel, b.Channel))
}

func (s *State) sum(e *Entry, sign int64) {
	d := Sum{Currency: e.Currency, Month: e.Month, Channel: e.Channel}
	if e.Type == TypeReturn {
		d.Returns = sign * e.Amount
	} else {
		d.Sales, d.Tickets = sign*e.Amount, sign
	}
	s.sums = addSum(s.sums, d)
}

// addSum adds d to the sum of its currency, month and channel. A sum of nothing is none.
func addSum(sums []Sum, d Sum) []Sum {
	if planted.sumCurrencies {
		d.Currency = "EUR"
	}
	i, ok := slices.BinarySearchFunc(sums, d, compareSums)
	if !ok {
		return slices.Insert(sums, i, d)
	}
	x := &sums[i]
	x.Sales, x.Returns, x.Tickets = x.Sales+d.Sales, x.Returns+d.Returns, x.Tickets+d.Tickets
	if x.Sales == 0 && x.Returns == 0 && x.Tickets == 0 {
		return slices.Delete(sums, i, i+1)
	}
	return sums
}

func compareSums(a, b Sum) int {
	return cmp.Or(cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.Month, b.Month), cmp.Compare(a.Channel, b.Channel))
}

// The tail: fixed records, so that a full one costs no decoding.
// key 8 | at 8 | amount 8 | ids 8, 8 | currency 3 | month 3 | channel 1 | type 1 | retracted 1, little endian, by (at, key).
const tailSize = 49

func (s *State) tailLen() int { return len(s.tail) / tailSize }

func (s *State) tailKey(i int) (at int64, key uint64) {
	b := s.tail[i*tailSize:]
	return int64(binary.LittleEndian.Uint64(b[8:])), binary.LittleEndian.Uint64(b) //nolint:gosec // two's complement
}

// findTail finds a record by key, or by event id where key is 0.
func (s *State) findTail(key, id uint64) int {
	for i := 0; i < len(s.tail); i += tailSize {
		b := s.tail[i:]
		if key != 0 && binary.LittleEndian.Uint64(b) == key ||
			id != 0 && (binary.LittleEndian.Uint64(b[24:]) == id || binary.LittleEndian.Uint64(b[32:]) == id) {
			return i / tailSize
		}
	}
	return -1
}

func (s *State) tailEntry(i int) Entry {
	b := s.tail[i*tailSize : (i+1)*tailSize]
	e := Entry{
		Key: binary.LittleEndian.Uint64(b), At: int64(binary.LittleEndian.Uint64(b[8:])), Amount: int64(binary.LittleEndian.Uint64(b[16:])), //nolint:gosec // two's complement
		IDs:   [2]uint64{binary.LittleEndian.Uint64(b[24:]), binary.LittleEndian.Uint64(b[32:])},
		Month: int32(b[43]) | int32(b[44])<<8 | int32(b[45])<<16, Channel: eventpb.Channel(b[46]), Retracted: b[48] != 0,
	}
	e.Currency = trimZero(b[40:43])
	if int(b[47]) < len(typeCodes) {
		e.Type = typeCodes[b[47]]
	}
	return e
}

func trimZero(b []byte) string {
	n := 0
	for n < len(b) && b[n] != 0 {
		n++
	}
	return string(b[:n])
}

func (s *State) putTail(e *Entry) {
	var b [tailSize]byte
	binary.LittleEndian.PutUint64(b[0:], e.Key)
	binary.LittleEndian.PutUint64(b[8:], uint64(e.At))      //nolint:gosec // two's complement
	binary.LittleEndian.PutUint64(b[16:], uint64(e.Amount)) //nolint:gosec // two's complement
	binary.LittleEndian.PutUint64(b[24:], e.IDs[0])
	binary.LittleEndian.PutUint64(b[32:], e.IDs[1])
	copy(b[40:43], e.Currency)
	b[43], b[44], b[45] = byte(e.Month), byte(e.Month>>8), byte(e.Month>>16) //nolint:gosec // its bytes, the lowest first
	b[46], b[47] = byte(e.Channel), typeCode(e.Type)                         //nolint:gosec // five channels
	if e.Retracted {
		b[48] = 1
	}
	at := s.tailLen()
	for at > 0 {
		t, k := s.tailKey(at - 1)
		if !newer(t, k, e.At, e.Key) {
			break
		}
		at--
	}
	s.tail = slices.Insert(s.tail, at*tailSize, b[:]...)
	if over := s.tailLen() - limits.Tail; over > 0 {
		s.tail = slices.Delete(s.tail, 0, over*tailSize)
	}
}
