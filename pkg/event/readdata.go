package event

import (
	"strings"

	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// dataReaders read the data of each type that has some in the clear.
var dataReaders = map[string]func(*reader, *node) *problem{
	"sale": (*reader).sale, "return": (*reader).returned, "loyalty.enrolled": (*reader).enrolled, typeCardReplaced: (*reader).replaced,
	"page.viewed": (*reader).page, "product.viewed": (*reader).product, typeBasketUpdated: (*reader).basket, "order.placed": (*reader).order,
	typeLoggedIn: (*reader).loggedIn, "app.opened": (*reader).app, "screen.viewed": (*reader).screen, "call.ended": (*reader).call,
	"case.opened": (*reader).caseOpened, "case.closed": (*reader).caseClosed, "identifier.provided": (*reader).provided,
	"order.state_changed": (*reader).orderState, typeRecorded: (*reader).recorded, typeRetracted: (*reader).retracted,
}

func (r *reader) data(root *node) *problem {
	data := r.tree.get(root, nData)
	r.personal(data)
	read, ok := dataReaders[r.draftOf.event.GetType()]
	if !ok {
		return nil
	}
	if p := read(r, data); p != nil {
		return p.under("data")
	}
	return nil
}

// personal keeps the texts of data that the register calls personal, to be sealed.
func (r *reader) personal(data *node) {
	for _, s := range r.decoder.texts[r.contract] {
		n := data
		for _, name := range s.path {
			n = r.tree.get(n, name)
		}
		if n == nil {
			continue
		}
		if text := identifier.NormaliseText(n.text); text != "" {
			put(&r.draftOf.texts, s.name, identifier.Plain(text))
		}
	}
}

// total reads what an event amounts to; without a currency of its own it is in that of the source.
func (r *reader) total(n *node) (*eventpb.Money, *problem) {
	m := r.tree.get(n, nTotal)
	if m == nil {
		return nil, nil
	}
	currency := r.text(m, nCurrency)
	if currency == "" {
		currency = r.origin.Currency
	}
	if currency == "" {
		return nil, &problem{"/total/currency", ReasonNoCurrency, "send a currency of ISO 4217: the source has none"}
	}
	return &eventpb.Money{Minor: r.integer(m, nAmount), Currency: currency}, nil
}

func (r *reader) lines(n *node) []*eventpb.Line {
	list := r.tree.get(n, nLines)
	if list == nil || list.count == 0 {
		return nil
	}
	block := make([]eventpb.Line, list.count)
	out := make([]*eventpb.Line, list.count)
	r.tree.each(list, func(i int, n *node) {
		line := &block[i]
		r.tree.each(n, func(_ int, m *node) {
			switch m.name {
			case nSKU:
				line.Sku = identifier.NormaliseText(m.text)
			case nCategory:
				line.Category = r.clear(n, nCategory)
			case nQuantity:
				line.Quantity, _, _ = parseInteger(m.text)
			case nUnitPrice:
				line.UnitPrice, _, _ = parseInteger(m.text)
			case nAmount:
				line.Amount, _, _ = parseInteger(m.text)
			}
		})
		out[i] = line
	})
	return out
}

func (r *reader) sale(n *node) *problem {
	total, p := r.total(n)
	r.draftOf.event.Data = &eventpb.Event_Sale{Sale: &eventpb.Sale{Total: total, Lines: r.lines(n)}}
	if p == nil {
		p = r.saleOffers(n)
	}
	return p
}

func (r *reader) returned(n *node) *problem {
	total, p := r.total(n)
	r.draftOf.event.Data = &eventpb.Event_Return{Return: &eventpb.Return{Total: total, Lines: r.lines(n), Reason: r.text(n, nReason)}}
	return p
}

func (r *reader) basket(n *node) *problem {
	total, p := r.total(n)
	r.draftOf.event.Data = &eventpb.Event_BasketUpdated{BasketUpdated: &eventpb.BasketUpdated{Total: total, Lines: r.lines(n), State: r.text(n, nState)}}
	return p
}

func (r *reader) order(n *node) *problem {
	total, p := r.total(n)
	r.draftOf.event.Data = &eventpb.Event_OrderPlaced{OrderPlaced: &eventpb.OrderPlaced{
		Total: total, Lines: r.lines(n), Fulfilment: r.text(n, nFulfilment), CollectStore: r.text(n, nCollectStore),
	}}
	if p == nil {
		p = r.saleOffers(n)
	}
	return p
}

func (r *reader) enrolled(n *node) *problem {
	r.draftOf.event.Data = &eventpb.Event_LoyaltyEnrolled{LoyaltyEnrolled: &eventpb.LoyaltyEnrolled{Programme: r.text(n, nProgramme), Tier: r.text(n, nTier)}}
	return nil
}

func (r *reader) page(n *node) *problem {
	r.draftOf.event.Data = &eventpb.Event_PageViewed{PageViewed: &eventpb.PageViewed{Path: pagePath(r.text(n, nPath)), Kind: r.text(n, nKind)}}
	return nil
}

// pagePath keeps the path of a page: no scheme, host, query or fragment, and no segment that holds an address of a person.
func pagePath(s string) string {
	if i := strings.IndexAny(s, "?#;"); i >= 0 {
		s = s[:i]
	}
	if _, rest, ok := strings.Cut(s, "://"); ok {
		_, path, _ := strings.Cut(rest, "/")
		s = "/" + path
	}
	if !strings.Contains(s, "@") && !strings.Contains(s, "%40") {
		return s
	}
	segments := strings.Split(s, "/")
	for i, segment := range segments {
		if strings.Contains(segment, "@") || strings.Contains(segment, "%40") {
			segments[i] = "_"
		}
	}
	return strings.Join(segments, "/")
}

func (r *reader) product(n *node) *problem {
	r.draftOf.event.Data = &eventpb.Event_ProductViewed{ProductViewed: &eventpb.ProductViewed{Sku: identifier.NormaliseText(r.text(n, nSKU)), Category: r.clear(n, nCategory)}}
	return nil
}

func (r *reader) loggedIn(n *node) *problem {
	r.draftOf.event.Data = &eventpb.Event_AccountLoggedIn{AccountLoggedIn: &eventpb.AccountLoggedIn{Method: r.text(n, nMethod)}}
	return nil
}

func (r *reader) app(n *node) *problem {
	r.draftOf.event.Data = &eventpb.Event_AppOpened{AppOpened: &eventpb.AppOpened{AppVersion: r.text(n, nAppVersion)}}
	return nil
}

func (r *reader) screen(n *node) *problem {
	r.draftOf.event.Data = &eventpb.Event_ScreenViewed{ScreenViewed: &eventpb.ScreenViewed{Name: r.clear(n, nName)}}
	return nil
}

func (r *reader) call(n *node) *problem {
	r.draftOf.event.Data = &eventpb.Event_CallEnded{CallEnded: &eventpb.CallEnded{
		DurationSeconds: r.integer(n, nDurationSeconds), WaitSeconds: r.integer(n, nWaitSeconds),
		Outcome: r.text(n, nOutcome), Topic: r.text(n, nTopic), Outbound: r.truth(n, nOutbound),
	}}
	return nil
}

func (r *reader) caseOpened(n *node) *problem {
	r.draftOf.event.Data = &eventpb.Event_CaseOpened{CaseOpened: &eventpb.CaseOpened{Kind: r.text(n, nKind), Priority: r.text(n, nPriority)}}
	return nil
}

func (r *reader) caseClosed(n *node) *problem {
	r.draftOf.event.Data = &eventpb.Event_CaseClosed{CaseClosed: &eventpb.CaseClosed{Resolution: r.text(n, nResolution)}}
	return nil
}

func (r *reader) provided(*node) *problem {
	r.draftOf.event.Data = &eventpb.Event_IdentifierProvided{IdentifierProvided: &eventpb.IdentifierProvided{}}
	return nil
}
