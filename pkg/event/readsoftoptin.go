package event

import (
	"slices"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// saleOffers reads the points that the person gave at a sale where they were offered to object to offers of similar goods. It is no decision of theirs:
// package consent says what a sale permits.
func (r *reader) saleOffers(data *node) *problem {
	list := r.tree.get(data, nSoftOptIn)
	if list == nil {
		return nil
	}
	i := 0
	for k := list.child; k != 0; k = r.tree.nodes[k].next {
		if p := r.saleOffer(&r.tree.nodes[k]); p != nil {
			return p.at(i).under("soft_optin")
		}
		i++
	}
	return nil
}

// given reads the point that was given at a sale.
func (r *reader) given(n *node) (identified, *problem) {
	point := r.tree.get(n, nPoint)
	i, cause := r.identify(namespaceOf(r.text(point, nNamespace)), r.text(point, nValue), true)
	if cause != identifier.CauseNone {
		return identified{}, &problem{"/point/value", ReasonNotIdentifier, "send the e-mail address or telephone number that was given, or leave the entry out: it would be about nobody"}
	}
	return i, nil
}

// saleOffer reads one. Its id follows those of the decisions that the event carries. A master file says when it was sold; else it is when the event
// happened.
func (r *reader) saleOffer(n *node) *problem {
	e := r.draftOf.event
	i, p := r.given(n)
	if p != nil {
		return p
	}
	sold := e.GetOccurredAt()
	if r.tree.get(n, nSoldAt) != nil {
		if sold, p = r.clock(n, nSoldAt); p != nil {
			return p
		}
	}
	m := &eventpb.Decision{
		Space: e.GetSpace(), Controller: e.GetController(), Source: e.GetSource(), Id: decisionID(e.GetId(), len(r.draftOf.told)),
		Purpose: string(consent.SaleOffer(r.text(n, nFamily))), Decision: decisionGrant, DecidedAt: floorSeconds(sold),
		ReceivedAt: r.received, CollectedOn: r.origin.Channel,
	}
	notice := r.tree.get(n, nNotice)
	m.NoticeId, m.NoticeVersion, m.NoticeLanguage = r.text(notice, nID), r.text(notice, nVersion), r.text(notice, nLanguage)
	r.draftOf.told = append(r.draftOf.told, told{point: i, decision: m})
	return nil
}

// typesOfSales are the types of events that say at which sales points were given.
var typesOfSales = []string{"sale", "order.placed", typeRecorded}

// saleTakenBack tells every point of a retraction that the sale permits nothing any more: the addresses and telephones among its identifiers, which are
// those of the event taken back, and those that this one named beside them.
func (r *reader) saleTakenBack(data *node, m *eventpb.EventRetracted) *problem {
	if !slices.Contains(typesOfSales, m.GetRetractedType()) {
		return nil
	}
	var points []identified
	for _, i := range r.draftOf.identifiers {
		if i.key.Namespace == identifier.Email || i.key.Namespace == identifier.Phone {
			points = append(points, i)
		}
	}
	if list := r.tree.get(data, nSoftOptIn); list != nil {
		i := 0
		for k := list.child; k != 0; k = r.tree.nodes[k].next {
			x, p := r.given(&r.tree.nodes[k])
			if p != nil {
				return p.at(i).under("soft_optin")
			}
			points = append(points, x)
			i++
		}
	}
	for _, x := range points {
		r.draftOf.told = append(r.draftOf.told, told{point: x, decision: saleTakenBack(r.draftOf.event, m.GetRetractedId(), r.draftOf.event.GetOccurredAt(), r.received)})
	}
	return nil
}

// saleTakenBack is the fact that the sale of an id was taken back, as an event says. at is in microseconds: of the sale, or of its retraction where no more
// is known.
func saleTakenBack(e *eventpb.Event, id string, at, received int64) *eventpb.Decision {
	return &eventpb.Decision{
		Space: e.GetSpace(), Controller: e.GetController(), Source: e.GetSource(), Id: id, Purpose: string(consent.SaleRetracted),
		Decision: decisionWithdraw, DecidedAt: floorSeconds(at), ReceivedAt: received, CollectedOn: e.GetChannel(),
	}
}

// SaleTakenBack is the fact, at a point at which a sale permitted offers, that the sale was taken back. e is the retraction, or the sale where that came
// first; sold is when the sale was, whichever of them says it, so that the fact is the same in any order and however often it is told; received is when it
// was learned of that point. Both are in microseconds.
func SaleTakenBack(e *eventpb.Event, sold int64, point identifier.Key, received int64) *eventpb.Decision {
	d := saleTakenBack(e, Sold(e), sold, received)
	d.Point = &eventpb.Identifier{Namespace: string(point.Namespace), Pseudonym: []byte(point.Value)}
	return d
}

// Sold is the id of the event that an event is about: the one it takes back, or itself.
func Sold(e *eventpb.Event) string {
	if r := e.GetEventRetracted(); r != nil {
		return r.GetRetractedId()
	}
	return e.GetId()
}
