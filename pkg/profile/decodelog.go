package profile

import "rcu/pkg/identifier"

func (s *State) decodeLog(r *reader) {
	n := r.count(11)
	if n == 0 {
		return
	}
	nrefs, npieces := r.count(1), r.count(3)
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
	e.Type, e.Channel = r.what()
	r.at += r.int()
	e.At = r.at
	e.IDs[0] = r.fixed64()
	if f&hasOwnKey != 0 {
		e.Key = r.fixed64()
	}
	if f&hasOtherID != 0 {
		e.IDs[1] = r.fixed64()
	}
	e.Store = r.word()
	if f&hasMoney != 0 {
		e.Amount, e.Currency, e.Month = r.int(), r.word(), r.month(e.At)
	}
	if f&hasRefs != 0 {
		r.references(e)
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
	if f&hasOwnKey == 0 {
		e.Key = e.usualKey()
	}
}

// references reads the references of an entry, and behind them the points at which it permits offers.
func (r *entryReader) references(e *Entry) {
	from, offered := len(r.refs), len(r.refs)
	for more := byte(moreRefs); more&moreRefs != 0; {
		var k identifier.Key
		k, more = r.key()
		r.refs = append(r.refs, Ref{Namespace: k.Namespace, Value: k.Value})
		if k.Namespace.Kind() == identifier.KindReference {
			offered = len(r.refs)
		}
	}
	if offered > from {
		e.Refs = r.refs[from:offered:offered]
	}
	if offered < len(r.refs) {
		e.Offered = r.refs[offered:len(r.refs):len(r.refs)]
	}
}
