package profile

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"

	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// Entry is one event in the log of a leaf.
type Entry struct {
	Key       uint64    // of the natural key (type, reference) of a sale or order, else of the event id
	IDs       [2]uint64 // of the event ids it came under: the one whose content this is, then the greatest other
	At        int64     // occurred_at, microseconds
	Type      string
	Channel   eventpb.Channel
	Store     string
	Refs      []Ref
	Offered   []Ref // points at which a sale permits offers, in order
	Amount    int64 // minor units
	Currency  string
	Month     int32 // yyyymm in the zone of the source; of money events
	Retracted bool
	A, B      string // by type: see describe
	N         int64
	Pieces    []Piece
}

// Ref is a reference an event shows: order, ticket, basket, case, call.
type Ref struct {
	Namespace identifier.Namespace
	Value     string // the bytes of the pseudonym
}

// Bounds of what one entry names.
const (
	maxRefs    = 8
	maxOffered = 16
)

// Key returns the reference as an identifier.
func (r Ref) Key() identifier.Key { return identifier.Key{Namespace: r.Namespace, Value: r.Value} }

// Piece is the state of one piece of an order.
type Piece struct {
	SKU    string
	Number uint32
	State  string
}

// newer orders versions and log entries: by time, then key.
func newer(aAt int64, aKey uint64, bAt int64, bKey uint64) bool {
	if aAt != bAt {
		return aAt > bAt
	}
	return aKey > bKey
}

var hashers = sync.Pool{New: func() any { return sha256.New() }}

// EventDigest is the digest by which traits name the event that gave them.
func EventDigest(source, id string) uint64 { return idHash(source, id) }

// idHash is the 64-bit digest of an event id within its source; never 0, which means none.
func idHash(source, id string) uint64 {
	h, _ := hashers.Get().(hash.Hash)
	defer hashers.Put(h)
	h.Reset()
	var buf [256 + sha256.Size]byte
	b := append(buf[:0], source...)
	b = append(b, '/')
	b = append(b, id...)
	_, _ = h.Write(b)
	return notZero(binary.LittleEndian.Uint64(h.Sum(buf[:0])))
}

func notZero(v uint64) uint64 {
	if v == 0 {
		return 1
	}
	return v
}

// naturalReference returns the reference that makes two events of this type the same fact whatever their ids: the ticket of a sale, the order of
// an order placed.
func naturalReference(ev *eventpb.Event) *eventpb.Identifier {
	var want identifier.Namespace
	switch ev.Type {
	case TypeSale:
		want = identifier.Ticket
	case TypeOrderPlaced:
		want = identifier.Order
	default:
		return nil
	}
	for _, r := range ev.References {
		if r.Namespace == string(want) && len(r.Pseudonym) >= 8 {
			return r
		}
	}
	return nil
}

// naturalKey turns a natural reference into a key: a pseudonym is already a keyed hash.
func naturalKey(typ string, r *eventpb.Identifier) uint64 {
	return naturalKeyOf(typ, r.Pseudonym)
}

func naturalKeyOf[P string | []byte](typ string, p P) uint64 {
	return notZero(binary.LittleEndian.Uint64([]byte(p[len(p)-8:])) ^ uint64(typeCode(typ))*0x9E3779B97F4A7C15)
}

// RowKey identifies the fact an event tells: of a sale or an order placed its natural reference, of everything else its source and id.
// Two events with one RowKey are one row wherever facts are counted.
func RowKey(ev *eventpb.Event) [16]byte {
	h := sha256.New()
	_, _ = h.Write([]byte(ev.Controller + "\x00"))
	if r := naturalReference(ev); r != nil {
		_, _ = h.Write([]byte("reference\x00" + ev.Type + "\x00"))
		_, _ = h.Write(r.Pseudonym)
	} else {
		_, _ = h.Write([]byte("id\x00" + ev.Source + "\x00" + ev.Id))
	}
	return [16]byte(h.Sum(nil))
}

// entryOf reduces an event to what its leaf remembers of it.
func entryOf(ev *eventpb.Event, id uint64) Entry {
	e := Entry{Key: id, IDs: [2]uint64{id}, At: ev.OccurredAt, Type: ev.Type, Channel: ev.Channel, Store: cut(ev.Store)}
	if r := naturalReference(ev); r != nil && !planted.naturalByID {
		e.Key = naturalKey(ev.Type, r)
	}
	if n := min(len(ev.References), maxRefs); n > 0 {
		e.Refs = make([]Ref, 0, n)
		for _, r := range ev.References[:n] {
			e.Refs = append(e.Refs, Ref{Namespace: identifier.Namespace(r.Namespace), Value: string(r.Pseudonym)})
		}
	}
	e.Offered = offeredAt(ev)
	describe(&e, ev)
	if isMoney(e.Type) {
		e.Month = Month(ev.OccurredAt, ev.Zone)
	}
	return e
}

// describe fills the amount and the few texts that a type keeps.
func describe(e *Entry, ev *eventpb.Event) {
	var total *eventpb.Money
	switch d := ev.Data.(type) {
	case *eventpb.Event_Sale:
		total = d.Sale.GetTotal()
	case *eventpb.Event_Return:
		total = d.Return.GetTotal()
	case *eventpb.Event_OrderPlaced:
		total, e.A, e.B = d.OrderPlaced.GetTotal(), d.OrderPlaced.GetFulfilment(), d.OrderPlaced.GetCollectStore()
	case *eventpb.Event_BasketUpdated:
		total, e.A, e.N = d.BasketUpdated.GetTotal(), d.BasketUpdated.GetState(), int64(len(d.BasketUpdated.GetLines()))
	case *eventpb.Event_OrderStateChanged:
		e.A, e.B, e.Pieces = d.OrderStateChanged.GetState(), d.OrderStateChanged.GetStore(), pieces(d.OrderStateChanged.GetPieces())
	case *eventpb.Event_CaseOpened:
		e.A, e.B = d.CaseOpened.GetKind(), d.CaseOpened.GetPriority()
	case *eventpb.Event_CaseClosed:
		e.A = d.CaseClosed.GetResolution()
	case *eventpb.Event_CallEnded:
		e.A, e.B, e.N = d.CallEnded.GetOutcome(), d.CallEnded.GetTopic(), d.CallEnded.GetDurationSeconds()
	case *eventpb.Event_ProductViewed:
		e.A, e.B = d.ProductViewed.GetSku(), d.ProductViewed.GetCategory()
	case *eventpb.Event_PageViewed:
		e.A = d.PageViewed.GetKind()
	case *eventpb.Event_ScreenViewed:
		e.A = d.ScreenViewed.GetName()
	case *eventpb.Event_LoyaltyEnrolled:
		e.A, e.B = d.LoyaltyEnrolled.GetProgramme(), d.LoyaltyEnrolled.GetTier()
	case *eventpb.Event_AccountLoggedIn:
		e.A = d.AccountLoggedIn.GetMethod()
	}
	e.A, e.B = cut(e.A), cut(e.B)
	if total != nil {
		e.Amount, e.Currency = total.Minor, total.Currency[:min(len(total.Currency), 3)]
	}
}

func pieces(in []*eventpb.Piece) []Piece {
	in = in[:min(len(in), limits.Pieces)]
	if len(in) == 0 {
		return nil
	}
	out := make([]Piece, 0, len(in))
	for _, p := range in {
		out = append(out, Piece{SKU: cut(p.Sku), Number: p.Number, State: cut(p.State)})
	}
	return out
}
