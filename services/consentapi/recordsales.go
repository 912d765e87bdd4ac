package consentapi

import (
	"cmp"
	"slices"
	"time"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/profile"
)

// saleFile is one order placed, sale or return as it was told, under the numbers that it came with. The orders of the file join what has one number.
type saleFile struct {
	At        time.Time `json:"at"`
	Type      string    `json:"type"`
	Channel   string    `json:"channel"`
	Store     string    `json:"store,omitempty"`
	Order     string    `json:"order,omitempty"`
	Ticket    string    `json:"ticket,omitempty"`
	Total     moneyFile `json:"total"`
	Retracted bool      `json:"retracted,omitempty"` // its source took it back: it counts nowhere
}

// pieceFile is the latest state of one piece of an order.
type pieceFile struct {
	SKU    string    `json:"sku"`
	Number uint32    `json:"number,omitempty"`
	State  string    `json:"state"`
	At     time.Time `json:"at"`
}

// offerFile is a purchase that permits offers of its family of products at a point, on a channel, where nothing was decided.
type offerFile struct {
	Point     string     `json:"point"`
	Channel   string     `json:"channel"`
	Family    string     `json:"family"`
	SoldAt    time.Time  `json:"sold_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// facts are the orders placed, sales and returns that the leaves remember one by one, by what makes each one fact.
func (x *record) facts() map[uint64]*profile.Entry {
	known := map[uint64]*profile.Entry{}
	for _, l := range x.leaves {
		log := l.Log()
		for i := range log {
			e := &log[i]
			if e.Type != profile.TypeSale && e.Type != profile.TypeOrderPlaced && e.Type != profile.TypeReturn {
				continue
			}
			if old := known[e.Key]; old == nil || old.Retracted && !e.Retracted || old.Retracted == e.Retracted && e.At > old.At {
				known[e.Key] = e
			}
		}
	}
	return known
}

// sales are all orders, sales and returns that the leaves remember one by one, newest first. Copies of one sale in several leaves are one.
func (x *record) sales() []saleFile {
	known := x.facts()
	out := make([]saleFile, 0, len(known))
	for _, e := range known {
		s := saleFile{
			At: time.UnixMicro(e.At).UTC(), Type: e.Type, Channel: event.ChannelName(e.Channel), Store: e.Store, Retracted: e.Retracted,
			Total: moneyFile{e.Amount, e.Currency},
		}
		for _, r := range e.Refs {
			switch number := x.numbers[r.Value]; {
			case r.Namespace == identifier.Order && s.Order == "":
				s.Order = number
			case r.Namespace == identifier.Ticket && s.Ticket == "":
				s.Ticket = number
			}
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b saleFile) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Ticket, b.Ticket), cmp.Compare(a.Total.Amount, b.Total.Amount))
	})
	return out
}

// piecesOf are the states of the pieces of an order.
func piecesOf(o *profile.Order) []pieceFile {
	var out []pieceFile
	for _, p := range o.Pieces {
		out = append(out, pieceFile{p.SKU, p.Number, p.State, time.UnixMicro(p.At).UTC()})
	}
	return out
}

// offers are the purchases that stand for a consent to offers, by point and channel.
func (k *known) offers() []offerFile {
	out := []offerFile{}
	for _, part := range k.rows() {
		for _, purpose := range part.Purposes {
			for _, r := range purpose.Rows {
				for _, p := range k.points {
					if !slices.Contains(r.points, p.Key) {
						continue
					}
					for _, sold := range p.SalesOn(r.topic.Purpose, r.topic.Channel, k.now) {
						out = append(out, offerFile{k.place(p.Key), r.topic.Channel, sold.Family, time.Unix(sold.At, 0).UTC(), instant(sold.Until * 1e6)})
					}
				}
			}
		}
	}
	return out
}
