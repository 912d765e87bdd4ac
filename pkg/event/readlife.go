package event

import (
	"slices"

	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

func (r *reader) orderState(n *node) *problem {
	m := &eventpb.OrderStateChanged{State: r.text(n, nState), Store: r.text(n, nStore)}
	r.tree.each(r.tree.get(n, nPieces), func(_ int, piece *node) {
		number := uint32(1)
		if r.tree.get(piece, nNumber) != nil {
			number = uint32(r.integer(piece, nNumber)) //nolint:gosec // the contract bounds it
		}
		m.Pieces = append(m.Pieces, &eventpb.Piece{Sku: identifier.NormaliseText(r.text(piece, nSKU)), Number: number, State: r.text(piece, nState)})
	})
	r.draftOf.event.Data = &eventpb.Event_OrderStateChanged{OrderStateChanged: m}
	return nil
}

// replaced reads a card replacement. The new card is an identifier of the event, so that the event has a leaf.
func (r *reader) replaced(n *node) *problem {
	d := r.draftOf
	var cards [2]identified
	for i, name := range [...]uint16{nOld, nNew} {
		card, cause := r.identify(identifier.Card, r.text(n, name), true)
		if cause != identifier.CauseNone {
			return (&problem{"", ReasonNotIdentifier, "send the number of a loyalty card"}).under(r.decoder.contract.names.texts[name])
		}
		cards[i] = card //nolint:gosec // two names, two cards
	}
	if cards[0].value == cards[1].value {
		return &problem{"/new", ReasonNotIdentifier, "send the number of the new card: it is the old one"}
	}
	d.pairs = append(d.pairs, pair{former: cards[0], into: cards[1]})
	d.identifiers = append(d.identifiers, cards[1])
	d.event.Data = &eventpb.Event_CardReplaced{CardReplaced: &eventpb.CardReplaced{}}
	return nil
}

// recorded reads a customer of a master file. A former number that is none is dropped: the customer is worth more than its history.
func (r *reader) recorded(n *node) *problem {
	d := r.draftOf
	m := &eventpb.CustomerRecorded{}
	r.tree.each(r.tree.get(n, nBalances), func(_ int, b *node) {
		m.Balances = append(m.Balances, &eventpb.Balance{Name: r.text(b, nName), Minor: r.integer(b, nAmount), Currency: r.text(b, nCurrency)})
	})
	r.tree.each(r.tree.get(n, nMerged), func(_ int, pairNode *node) {
		former, cause := r.identify(identifier.Customer, r.text(pairNode, nFormer), true)
		into, cause2 := r.identify(identifier.Customer, r.text(pairNode, nInto), true)
		for _, c := range [...]identifier.Cause{cause, cause2} {
			if c != identifier.CauseNone {
				d.notIdentifiers = append(d.notIdentifiers, NotIdentifier{identifier.Customer, c})
				return
			}
		}
		d.pairs = append(d.pairs, pair{former: former, into: into})
	})
	d.event.Data = &eventpb.Event_CustomerRecorded{CustomerRecorded: m}
	if p := r.traitDates(n, m); p != nil {
		return p
	}
	return r.saleOffers(n)
}

func (r *reader) traitDates(n *node, m *eventpb.CustomerRecorded) *problem {
	dates := r.tree.get(n, nTraitDates)
	if dates == nil {
		return nil
	}
	for k := dates.child; k != 0; k = r.tree.nodes[k].next {
		name := r.tree.nodes[k].name
		text := r.decoder.contract.names.texts[name]
		if name == nNone || !r.decoder.isTrait(text) {
			continue
		}
		at, p := r.clock(dates, name)
		if p != nil && p.reason == ReasonInFuture {
			return p.under("trait_dates")
		}
		if p != nil { // before 2000: what was known that long ago is as old as can be
			at = earliest
		}
		put(&m.TraitDates, text, at)
	}
	return nil
}

// retracted reads what is taken back. Only core events can be: a basket without a person was behaviour.
func (r *reader) retracted(n *node) *problem {
	m := &eventpb.EventRetracted{RetractedId: r.text(n, nID), RetractedType: r.text(n, nType), Reason: r.text(n, nReason)}
	if len(m.GetRetractedId()) > maxID {
		return &problem{"/id", ReasonTooLong, "send at most 128 bytes"}
	}
	person := slices.ContainsFunc(r.draftOf.identifiers, func(i identified) bool { return i.key.Namespace.Kind() == identifier.KindPerson })
	if ClassOf(m.GetRetractedType(), person) == Behaviour {
		return &problem{"/type", ReasonBehaviour, "leave it: a basket that shows no person is behaviour, which ends with its consent"}
	}
	r.draftOf.event.Data = &eventpb.Event_EventRetracted{EventRetracted: m}
	return r.saleTakenBack(n, m)
}
