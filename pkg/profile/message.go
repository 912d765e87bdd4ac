package profile

import (
	"maps"
	"slices"
	"strings"

	eventpb "rcu/schemas/event"
)

// maxSummaries bounds the orders and cases of one message; the newest are kept.
const maxSummaries = 256

// identifierTrait begins the names of traits that hold the value of an identifier: the message lists identifiers of their own.
const identifierTrait = "#"

// About is what the graph and consent know of a profile, for its message.
type About struct {
	Space, Controller string
	RCUID             string
	Version           uint64
	Identifiers       []*eventpb.Identifier
	Quarantined       bool
	Permissions       uint64
	PermissionEnds    []*eventpb.PermissionEnd // of those that end by themselves
	SoftOptIns        []*eventpb.SoftOptIn     // offers that sales permit without a consent
}

// Message returns the profile as published on rcu.profiles: pseudonyms, plain traits, and of sealed traits only the names.
func (p *Profile) Message(a About) *eventpb.Profile {
	m := &eventpb.Profile{
		Space: a.Space, Controller: a.Controller, RcuId: a.RCUID, Version: a.Version, Identifiers: a.Identifiers,
		Quarantined: a.Quarantined, Permissions: a.Permissions, PermissionEnds: a.PermissionEnds, SoftOptins: a.SoftOptIns,
		FirstSeen: p.First, LastSeen: p.Last, OpenBaskets: int64(len(p.Baskets)), Counters: map[string]int64{}, Traits: map[string]string{},
	}
	maps.Copy(m.Counters, p.Counters)
	if p.Retractions > 0 {
		m.Counters[TypeRetracted] = p.Retractions
	}
	for _, t := range p.Traits {
		switch {
		case !t.Sealed:
			m.Traits[t.Name] = t.Value
		case !strings.HasPrefix(t.Name, identifierTrait):
			m.KnownTraits = append(m.KnownTraits, t.Name)
		}
	}
	for _, x := range p.Spend {
		m.Spend = append(m.Spend, &eventpb.Spend{
			Currency: x.Currency, Month: x.Month, Channel: x.Channel, Sales: x.Sales, Returns: x.Returns, Tickets: x.Tickets,
		})
	}
	for _, c := range p.Activity {
		m.Activity = append(m.Activity, &eventpb.ChannelActivity{
			Channel: c.Channel, Events: c.Events, FirstAt: c.First, LastAt: c.Last, LastType: c.LastType, LastStore: c.LastStore,
		})
	}
	for i := range p.Orders[:min(len(p.Orders), maxSummaries)] {
		m.Orders = append(m.Orders, p.Orders[i].message())
	}
	for _, c := range p.Cases[:min(len(p.Cases), maxSummaries)] {
		m.Cases = append(m.Cases, &eventpb.CaseSummary{
			Key: []byte(c.Ref.Value), Kind: c.Kind, State: c.State, OpenedAt: c.OpenedAt, ClosedAt: c.ClosedAt,
		})
	}
	return m
}

// Gone is the message of an id that is no longer canonical.
func Gone(a About) *eventpb.Profile {
	return &eventpb.Profile{Space: a.Space, Controller: a.Controller, RcuId: a.RCUID, Version: a.Version, Gone: true}
}

func (o *Order) message() *eventpb.OrderSummary {
	m := &eventpb.OrderSummary{
		Key: []byte(o.Ref.Value), Channel: o.Channel, Store: o.Store, State: o.State, PlacedAt: o.PlacedAt,
		OverReturned: o.OverReturned, CollectStore: o.CollectStore, ChangedAt: o.ChangedAt,
	}
	if o.PlacedAt != 0 {
		m.Total = &eventpb.Money{Minor: o.Total.Minor, Currency: o.Total.Currency}
	}
	if len(o.Returned) > 0 {
		i := max(0, slices.IndexFunc(o.Returned, func(r Money) bool { return r.Currency == o.Total.Currency }))
		m.Returned = &eventpb.Money{Minor: o.Returned[i].Minor, Currency: o.Returned[i].Currency}
	}
	return m
}
