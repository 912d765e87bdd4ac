package profile

import (
	"strings"

	"rcu/pkg/identifier"
)

// Flags of a packed entry: what of it is there.
const (
	hasOwnKey = 1 << iota // the key is neither that of its reference nor the id
	hasOtherID
	hasMoney
	hasRefs
	hasTexts
	hasN
	hasPieces
	isTakenBack
)

// moreRefs is set on a reference that another one follows. Behind the references stand the points at which a sale permits offers: their kind tells
// them apart.
const moreRefs = 0x80

func (s *State) encodeLog(w *writer) {
	refs, pieces := 0, 0
	for i := range s.log {
		refs, pieces = refs+len(s.log[i].Refs)+len(s.log[i].Offered), pieces+len(s.log[i].Pieces)
	}
	w.uint(uint64(len(s.log)))
	if len(s.log) == 0 {
		return
	}
	w.uint(uint64(refs))
	w.uint(uint64(pieces))
	at := int64(0)
	for i := range s.log {
		s.log[i].encode(w, at)
		at = s.log[i].At
	}
}

// usualKey is the key of an entry as entryOf gives it, as far as its references tell.
func (e *Entry) usualKey() uint64 {
	want := identifier.Ticket
	switch e.Type {
	case TypeSale:
	case TypeOrderPlaced:
		want = identifier.Order
	default:
		return e.IDs[0]
	}
	for _, r := range e.Refs {
		if r.Namespace == want && len(r.Value) >= 8 {
			return naturalKeyOf(e.Type, r.Value)
		}
	}
	return e.IDs[0]
}

func (e *Entry) flags() byte {
	f := byte(0)
	for bit, on := range [...]bool{
		e.Key != e.usualKey(), e.IDs[1] != 0, e.Amount != 0 || e.Currency != "" || e.Month != 0, len(e.Refs)+len(e.Offered) > 0,
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
	w.what(e.Type, e.Channel)
	w.int(e.At - since)
	w.fixed64(e.IDs[0])
	if f&hasOwnKey != 0 {
		w.fixed64(e.Key)
	}
	if f&hasOtherID != 0 {
		w.fixed64(e.IDs[1])
	}
	w.word(e.Store)
	if f&hasMoney != 0 {
		w.int(e.Amount)
		w.word(e.Currency)
		w.month(e.Month, e.At)
	}
	for i, r := range e.Refs {
		w.key(r.Key(), w.flag(i < len(e.Refs)+len(e.Offered)-1)*moreRefs)
	}
	for i, r := range e.Offered {
		w.key(r.Key(), w.flag(i < len(e.Offered)-1)*moreRefs)
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

// Forms of a trait's name; from traitOfLeaf on the identifiers of the leaf by their places, then those of the entry that said it.
const (
	traitNamed   = iota // a word
	traitOfKey          // the value of an identifier
	traitOfLeaf         // the value of an identifier of the leaf
	leafKeys     = 5
	traitOfEntry = traitOfLeaf + leafKeys
)

func (s *State) encodeTraits(w *writer, sealed bool) {
	w.uint(uint64(len(s.traits)))
	for i := range s.traits {
		t := &s.traits[i]
		at := s.placeOfID(t.ID)
		if at >= 0 && s.log[at].At != t.At {
			at = -1
		}
		s.traitName(w, t.Name, at)
		w.byte(byte(t.Trust)<<2 | w.flag(t.Retracted)<<1 | w.flag(t.Sealed)) //nolint:gosec // five classes
		if w.uint(uint64(at + 1)); at < 0 {
			w.int(t.At - s.last)
			w.fixed64(t.ID)
		}
		w.word(t.Source)
		if v := t.Value; sealed || !t.Sealed {
			w.text(v)
		} else {
			w.text("")
		}
	}
}

// traitName writes the name of a trait that the entry at a place said; -1: it is not in the log.
func (s *State) traitName(w *writer, name string, at int) {
	k, ok := identifierOf(name)
	if !ok {
		w.uint(traitNamed)
		w.word(name)
		return
	}
	for i, held := range s.keys() {
		if held == k {
			w.uint(traitOfLeaf + uint64(i))
			return
		}
	}
	if at >= 0 {
		for i, r := range s.log[at].Refs {
			if r.Value == k.Value && r.Namespace == k.Namespace {
				w.uint(traitOfEntry + uint64(i))
				return
			}
		}
	}
	w.uint(traitOfKey)
	w.key(k, 0)
}

// keys are the identifiers of the leaf, each in its place.
func (s *State) keys() [leafKeys]identifier.Key {
	return [...]identifier.Key{s.leaf.Device, s.leaf.Person, s.leaf.First, s.leaf.Second, s.leaf.Reference}
}

// identifierOf reads the identifier whose value a trait is, by its name: # and the namespace, and the pseudonym in hexadecimal.
func identifierOf(name string) (identifier.Key, bool) {
	if !strings.HasPrefix(name, "#") {
		return identifier.Key{}, false
	}
	namespace, digits, ok := strings.Cut(name[1:], ":")
	if !ok {
		return identifier.Key{}, false
	}
	value, ok := fromDigits(digits)
	return identifier.Key{Namespace: identifier.Namespace(namespace), Value: value}, ok && value != ""
}
