package sink

import (
	"rcu/pkg/warehouse"
	eventpb "rcu/schemas/event"
)

// owner adds an override, or says why it can never be written.
func (t *tables) owner(o *eventpb.Owner) error {
	if o.Controller == "" {
		return errNoController
	}
	if len(o.LeafKey) != leafSize {
		return errLeaf
	}
	t.owners.Append(&warehouse.OwnerRow{
		Controller: o.Controller, Space: o.Space, Leaf: [leafSize]byte(o.LeafKey), RCUID: o.RcuId, Version: o.Version,
	})
	return nil
}

// profile adds a combined profile and its identifiers.
func (t *tables) profile(p *eventpb.Profile) error {
	if p.Controller == "" {
		return errNoController
	}
	if p.RcuId == "" {
		return errNoKey
	}
	row := warehouse.ProfileRow{
		Controller: p.Controller, Space: p.Space, RCUID: p.RcuId, Version: p.Version, Gone: p.Gone, FirstSeen: p.FirstSeen, LastSeen: p.LastSeen,
		Traits: p.Traits, KnownTraits: p.KnownTraits, Permissions: p.Permissions, Quarantined: p.Quarantined, OpenBaskets: p.OpenBaskets,
		Counters: p.Counters,
	}
	if !p.Gone {
		for _, id := range p.Identifiers {
			row.Namespaces = append(row.Namespaces, id.GetNamespace())
			t.identifiers.Append(&warehouse.ProfileIdentifierRow{
				Controller: p.Controller, Space: p.Space, RCUID: p.RcuId, Namespace: id.GetNamespace(), Pseudonym: pseudonym(id),
				Version: p.Version, Proved: id.GetProved(),
			})
		}
	}
	for _, e := range p.PermissionEnds {
		row.PermissionEnds = append(row.PermissionEnds, warehouse.PermissionEnd{At: e.At, Permissions: e.Permissions})
	}
	for _, x := range p.SoftOptins {
		row.SoftOptIns = append(row.SoftOptIns, warehouse.SoftOptIn{Channel: x.Channel, Family: x.Family, Until: x.Until})
	}
	for _, s := range p.Spend {
		row.Spend = append(row.Spend, warehouse.SpendCell{
			Currency: s.Currency, Channel: channelName(s.Channel), Month: uint32(max(s.Month, 0)),
			Sales: s.Sales, Returns: s.Returns, Tickets: s.Tickets,
		})
	}
	for _, a := range p.Activity {
		row.Activity = append(row.Activity, warehouse.ActivityCell{
			Channel: channelName(a.Channel), LastType: a.LastType, LastStore: a.LastStore, Events: a.Events, FirstAt: a.FirstAt, LastAt: a.LastAt,
		})
	}
	for _, o := range p.Orders {
		row.Orders = append(row.Orders, orderCell(o))
	}
	for _, c := range p.Cases {
		row.Cases = append(row.Cases, warehouse.CaseCell{
			Key: hexKey(c.Key), Kind: c.Kind, State: c.State, OpenedAt: c.OpenedAt, ClosedAt: c.ClosedAt,
		})
	}
	t.profiles.Append(&row)
	return nil
}

func orderCell(o *eventpb.OrderSummary) warehouse.OrderCell {
	currency := o.GetTotal().GetCurrency()
	if currency == "" {
		currency = o.GetReturned().GetCurrency()
	}
	return warehouse.OrderCell{
		Key: hexKey(o.Key), Channel: channelName(o.Channel), Store: o.Store, CollectStore: o.CollectStore, State: o.State, Currency: currency,
		PlacedAt: o.PlacedAt, ChangedAt: o.ChangedAt, Amount: o.GetTotal().GetMinor(), Returned: o.GetReturned().GetMinor(),
		OverReturned: o.OverReturned,
	}
}

// transition adds a change of the graph.
func (t *tables) transition(c *eventpb.Transition) error {
	if c.Space == "" || c.Id == "" {
		return errNoKey
	}
	t.changes.Append(&warehouse.IdentityChangeRow{
		Space: c.Space, ID: c.Id, Kind: c.Kind, RCUID: c.RcuId, Version: c.Version, Before: c.Before, After: c.After,
		Identifiers: c.Identifiers, CauseKind: c.CauseKind, CauseID: c.CauseId, Reason: c.Reason, At: c.At,
	})
	return nil
}

// decision adds a consent decision.
func (t *tables) decision(d *eventpb.Decision) error {
	if d.Controller == "" {
		return errNoController
	}
	if d.Id == "" || d.Point == nil || d.Purpose == "" {
		return errNoKey
	}
	t.consents.Append(&warehouse.ConsentRow{
		Controller: d.Controller, Space: d.Space, Source: d.Source, ID: d.Id, Namespace: d.Point.Namespace, Point: pseudonym(d.Point),
		Purpose: d.Purpose, Channel: d.Channel, Decision: d.Decision, Carried: d.Carried, Wide: d.Wide, DecidedAt: d.DecidedAt, ExpiresAt: d.ExpiresAt,
		ReceivedAt: d.ReceivedAt, Act: d.Act, NoticeID: d.NoticeId, NoticeVersion: d.NoticeVersion, NoticeLanguage: d.NoticeLanguage,
		CollectedOn: channelName(d.CollectedOn),
	})
	return nil
}

// step adds a step of a contact.
func (t *tables) step(c *eventpb.ContactStep) error {
	if c.Controller == "" {
		return errNoController
	}
	if len(c.Contact) == 0 || c.Point == nil || c.Step == "" {
		return errNoKey
	}
	t.steps.Append(&warehouse.ContactStepRow{
		Controller: c.Controller, Space: c.Space, Contact: hexKey(c.Contact), Step: c.Step, Reason: c.Reason, Namespace: c.Point.Namespace,
		Point: pseudonym(c.Point), Channel: c.Channel, Purpose: c.Purpose, Needs: c.Needs, Proof: c.Proof, Family: c.Family, At: c.At,
	})
	return nil
}
