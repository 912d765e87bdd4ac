package event

import (
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

// saleOffer reads one. Its id follows those of the decisions that the event carries.
func (r *reader) saleOffer(n *node) *problem {
	e := r.draftOf.event
	point := r.tree.get(n, nPoint)
	i, cause := r.identify(namespaceOf(r.text(point, nNamespace)), r.text(point, nValue), true)
	if cause != identifier.CauseNone {
		return &problem{"/point/value", ReasonNotIdentifier, "send the e-mail address or telephone number that was given, or leave the entry out: it would be about nobody"}
	}
	m := &eventpb.Decision{
		Space: e.GetSpace(), Controller: e.GetController(), Source: e.GetSource(), Id: decisionID(e.GetId(), len(r.draftOf.told)),
		Purpose: string(consent.SaleOffer(r.text(n, nFamily))), Decision: decisionGrant, DecidedAt: floorSeconds(e.GetOccurredAt()),
		ReceivedAt: r.received, CollectedOn: r.origin.Channel,
	}
	notice := r.tree.get(n, nNotice)
	m.NoticeId, m.NoticeVersion, m.NoticeLanguage = r.text(notice, nID), r.text(notice, nVersion), r.text(notice, nLanguage)
	r.draftOf.told = append(r.draftOf.told, told{point: i, decision: m})
	return nil
}
