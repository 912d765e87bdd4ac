package profile

import (
	"cmp"
	"slices"
)

// place joins the order itself, or a sale that belongs to it. An order placed speaks for itself; without one its sales add up.
func (o *Order) place(e *Entry) {
	o.ChangedAt = max(o.ChangedAt, e.At)
	if e.Type == TypeOrderPlaced {
		o.Channel, o.Store, o.PlacedAt, o.placedID = e.Channel, e.Store, e.At, e.IDs[0]
		o.Total, o.Fulfilment, o.CollectStore, o.State = Money{Minor: e.Amount, Currency: e.Currency}, e.A, e.B, "placed"
		return
	}
	if o.State == "placed" {
		return
	}
	if o.PlacedAt == 0 || newer(o.PlacedAt, o.placedID, e.At, e.IDs[0]) {
		o.Channel, o.Store, o.PlacedAt, o.placedID = e.Channel, e.Store, e.At, e.IDs[0]
	}
	o.State = "sold"
	// Sales of two currencies under one number do not add up: the greater currency code is kept, so that order does not matter.
	switch {
	case o.Total.Currency == e.Currency:
		o.Total.Minor += e.Amount
	case e.Currency > o.Total.Currency:
		o.Total = Money{Minor: e.Amount, Currency: e.Currency}
	}
}

// change joins a change of state; pieces have their own latest state.
func (o *Order) change(e *Entry) {
	o.ChangedAt = max(o.ChangedAt, e.At)
	if e.A != "" && newer(e.At, e.IDs[0], o.stateAt, o.stateID) {
		o.State, o.stateAt, o.stateID = e.A, e.At, e.IDs[0]
	}
	if o.CollectStore == "" {
		o.CollectStore = e.B
	}
	for _, p := range e.Pieces {
		n := PieceState{Piece: p, At: e.At, id: e.IDs[0]}
		i, ok := slices.BinarySearchFunc(o.Pieces, n, func(a, b PieceState) int { return cmp.Or(cmp.Compare(a.SKU, b.SKU), cmp.Compare(a.Number, b.Number)) })
		switch {
		case !ok:
			o.Pieces = slices.Insert(o.Pieces, i, n)
		case newer(n.At, n.id, o.Pieces[i].At, o.Pieces[i].id):
			o.Pieces[i] = n
		}
	}
}

func (o *Order) giveBack(e *Entry) {
	o.ChangedAt = max(o.ChangedAt, e.At)
	if o.Channel == 0 {
		o.Channel = e.Channel
	}
	m := Money{Minor: e.Amount, Currency: e.Currency}
	if i, ok := slices.BinarySearchFunc(o.Returned, m, func(a, b Money) int { return cmp.Compare(a.Currency, b.Currency) }); ok {
		o.Returned[i].Minor += m.Minor
	} else {
		o.Returned = slices.Insert(o.Returned, i, m)
	}
}

// finish judges what was given back against what was paid, once the order itself is known.
func (o *Order) finish() {
	if o.stateAt == 0 && len(o.Pieces) > 0 {
		o.State = o.Pieces[0].State
		for _, p := range o.Pieces {
			if p.State != o.State {
				o.State = "partial"
			}
		}
	}
	for _, r := range o.Returned {
		if o.PlacedAt != 0 && (r.Currency != o.Total.Currency || r.Minor > o.Total.Minor) {
			o.OverReturned = true
		}
	}
}
