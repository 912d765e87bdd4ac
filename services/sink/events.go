package sink

import (
	"errors"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/profile"
	"rcu/pkg/telemetry"
	"rcu/pkg/warehouse"
	eventpb "rcu/schemas/event"
)

var (
	errNoEvent      = errors.New("the record holds no event")
	errNoController = errors.New("the record holds no controller")
	errNoKey        = errors.New("the record holds no id")
	errLeaf         = errors.New("the leaf key has a wrong length")
)

// check says why an event can never be written.
func (s *Service) check(r *eventpb.Resolved) error {
	e := r.GetEvent()
	switch {
	case e == nil:
		return errNoEvent
	case e.Controller == "":
		return errNoController
	case e.Id == "" || e.Source == "" || e.Type == "":
		return errNoKey
	case len(e.LeafKey) != 0 && len(e.LeafKey) != leafSize:
		return errLeaf
	}
	_, err := s.zones.get(e.Zone)
	return err
}

const leafSize = 16

// event adds the rows of an event that was checked.
func (t *tables) event(r *eventpb.Resolved) {
	e := r.Event
	fact := t.fact(r)
	if fact.RCUID != "" && e.Behaviour && !consent.Mask(r.Permissions).Has(consent.UnifyBehaviour) {
		fact.RCUID = ""
		t.m.withheld.Inc()
		t.m.gate.Refuse(string(consent.UnifyBehaviour), telemetry.EffectPersonless, 1)
	}
	row := warehouse.EventRow{
		Fact: fact, Country: e.Country, Permissions: r.Permissions, Behaviour: e.Behaviour, Traits: e.Traits,
	}
	for _, ref := range e.References {
		row.References = append(row.References, named(ref))
	}
	describe(&row, e)
	t.events.Append(&row)
	t.money(&row, e)
	t.contact(&row, e)
	if x := e.GetEventRetracted(); x != nil {
		t.retractions.Append(&warehouse.RetractionRow{
			Controller: e.Controller, Source: e.Source, RetractedID: x.RetractedId, RetractedType: x.RetractedType,
			OccurredAt: e.OccurredAt, ReceivedAt: e.ReceivedAt,
		})
	}
	t.dimensions(e, row.SKU, row.Category)
}

func (t *tables) fact(r *eventpb.Resolved) warehouse.Fact {
	e := r.Event
	loc, _ := t.zone.get(e.Zone) // checked
	date, month := businessDay(e.OccurredAt, loc)
	f := warehouse.Fact{
		Controller: e.Controller, Space: e.Space, Source: e.Source, EventID: e.Id, RCUID: r.RcuId, Version: r.Version, Type: e.Type,
		Channel: channelName(e.Channel), Store: e.Store, Brand: e.Brand, OccurredAt: e.OccurredAt, BusinessDate: date, Month: month,
		ReceivedAt: e.ReceivedAt,
	}
	if len(e.LeafKey) == leafSize {
		f.Leaf = [leafSize]byte(e.LeafKey)
	}
	return f
}

// describe fills the columns that depend on the type.
func describe(row *warehouse.EventRow, e *eventpb.Event) {
	money := func(m *eventpb.Money) { row.Amount, row.Currency = m.GetMinor(), m.GetCurrency() }
	switch d := e.Data.(type) {
	case *eventpb.Event_Sale:
		money(d.Sale.GetTotal())
	case *eventpb.Event_Return:
		money(d.Return.GetTotal())
		row.Kind = d.Return.GetReason()
	case *eventpb.Event_OrderPlaced:
		money(d.OrderPlaced.GetTotal())
		row.Kind = d.OrderPlaced.GetFulfilment()
	case *eventpb.Event_BasketUpdated:
		money(d.BasketUpdated.GetTotal())
		row.State = d.BasketUpdated.GetState()
	case *eventpb.Event_PageViewed:
		row.Path, row.Kind = d.PageViewed.GetPath(), d.PageViewed.GetKind()
	case *eventpb.Event_ScreenViewed:
		row.Path = d.ScreenViewed.GetName()
	case *eventpb.Event_ProductViewed:
		row.SKU, row.Category = d.ProductViewed.GetSku(), d.ProductViewed.GetCategory()
	case *eventpb.Event_OrderStateChanged:
		row.State = d.OrderStateChanged.GetState()
	case *eventpb.Event_CallEnded:
		row.Kind, row.State = d.CallEnded.GetTopic(), d.CallEnded.GetOutcome()
	case *eventpb.Event_CaseOpened:
		row.Kind, row.State = d.CaseOpened.GetKind(), "open"
	case *eventpb.Event_CaseClosed:
		row.Kind, row.State = d.CaseClosed.GetResolution(), "closed"
	case *eventpb.Event_LoyaltyEnrolled:
		row.Kind, row.State = d.LoyaltyEnrolled.GetProgramme(), d.LoyaltyEnrolled.GetTier()
	case *eventpb.Event_AccountLoggedIn:
		row.Kind = d.AccountLoggedIn.GetMethod()
	case *eventpb.Event_EventRetracted:
		row.Kind, row.RetractedID = d.EventRetracted.GetRetractedType(), d.EventRetracted.GetRetractedId()
	}
}

// money adds a sale, order or return and its lines.
func (t *tables) money(row *warehouse.EventRow, e *eventpb.Event) {
	order := warehouse.OrderRow{Fact: row.Fact, Amount: row.Amount, Currency: row.Currency}
	var lines []*eventpb.Line
	switch d := e.Data.(type) {
	case *eventpb.Event_Sale:
		lines = d.Sale.GetLines()
	case *eventpb.Event_Return:
		lines, order.Reason = d.Return.GetLines(), d.Return.GetReason()
	case *eventpb.Event_OrderPlaced:
		lines, order.Fulfilment, order.CollectStore = d.OrderPlaced.GetLines(), d.OrderPlaced.GetFulfilment(), d.OrderPlaced.GetCollectStore()
	default:
		return
	}
	order.OrderKey, order.Reference, order.Lines = profile.RowKey(e), orderReference(e), uint32(len(lines)) //nolint:gosec // an event is bounded
	t.orders.Append(&order)
	for i, l := range lines {
		t.lines.Append(&row.Fact, &warehouse.LineRow{
			OrderKey: order.OrderKey, Line: uint32(i + 1), SKU: l.GetSku(), Category: l.GetCategory(), Quantity: l.GetQuantity(),
			UnitPrice: l.GetUnitPrice(), Amount: l.GetAmount(), Currency: row.Currency,
		})
		t.dimensions(e, l.GetSku(), l.GetCategory())
	}
}

// orderReference is the order or ticket that an event concerns: references come best first.
func orderReference(e *eventpb.Event) string {
	for _, r := range e.References {
		if ns := identifier.Namespace(r.Namespace); ns == identifier.Order || ns == identifier.Ticket {
			return pseudonym(r)
		}
	}
	return ""
}

// contact adds a call or a case.
func (t *tables) contact(row *warehouse.EventRow, e *eventpb.Event) {
	c := warehouse.ContactRow{Fact: row.Fact, State: row.State}
	of := identifier.Case
	switch d := e.Data.(type) {
	case *eventpb.Event_CallEnded:
		of = identifier.Call
		c.Topic, c.DurationSeconds, c.WaitSeconds = d.CallEnded.GetTopic(), d.CallEnded.GetDurationSeconds(), d.CallEnded.GetWaitSeconds()
		c.Outbound = d.CallEnded.GetOutbound()
	case *eventpb.Event_CaseOpened:
		c.Kind, c.Priority = d.CaseOpened.GetKind(), d.CaseOpened.GetPriority()
	case *eventpb.Event_CaseClosed:
		c.Topic = d.CaseClosed.GetResolution()
	default:
		return
	}
	for _, r := range e.References {
		if identifier.Namespace(r.Namespace) == of {
			c.Reference = pseudonym(r)
			break
		}
	}
	t.contacts.Append(&c)
}

// dimensions adds the store and the product that an event names, where they are new.
func (t *tables) dimensions(e *eventpb.Event, sku, category string) {
	if t.first("store", e.Controller, e.Store, e.Brand+"\x00"+e.Country+"\x00"+e.Zone) {
		t.stores.Append(&warehouse.StoreRow{
			Controller: e.Controller, Store: e.Store, Brand: e.Brand, Country: e.Country, Zone: e.Zone, ReceivedAt: e.ReceivedAt,
		})
	}
	if t.first("product", e.Controller, sku, category) {
		t.products.Append(&warehouse.ProductRow{Controller: e.Controller, SKU: sku, Category: category, ReceivedAt: e.ReceivedAt})
	}
}
