package profileapi

import (
	"context"
	"slices"
	"strings"

	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/telemetry"
	"rcu/services/internal/reveal"
)

// answer makes what the reader may see of a person: one record over what may be shown of the controllers asked for.
func (s *Service) answer(ctx context.Context, q request, p *resolve.Person, x *seen) (*Answer, error) {
	open, err := reveal.Open(ctx, s.deps.Cells, s.deps.Keyring, q.reader.Space, x.leaves)
	if err != nil {
		return nil, err
	}
	combined := profile.CombineBy(x.leaves, p.Survivorship)
	w := recordWriter{sees: q.sees, store: q.reader.Store, open: open, members: p.Members, numbers: map[string]string{}}
	w.identifiers(&combined, x.permits)
	w.traits(&combined)
	w.contents(&combined)
	if q.sees.Orders { // whoever has something to propose
		w.out.SuppressedTopics = x.permits.topics()
	}
	w.out.FirstSeen, w.out.LastSeen = maybe(combined.First), maybe(combined.Last)
	for controller := range profile.ByController(x.leaves) {
		w.out.Controllers = append(w.out.Controllers, controller)
	}
	slices.Sort(w.out.Controllers)
	return s.addressed(q, p, w.out), nil
}

// addressed puts the ids of a person before a record.
func (s *Service) addressed(q request, p *resolve.Person, r Record) *Answer {
	space := q.reader.Space
	a := &Answer{RCUID: s.name(space, p.Canonical), Purpose: string(q.stated), Record: r}
	if asked := s.name(space, p.Asked); asked != a.RCUID {
		a.Asked = asked
	}
	for _, m := range p.Members {
		if name := s.name(space, m); name != a.RCUID {
			a.Also = append(a.Also, name)
		}
	}
	slices.Sort(a.Also)
	return a
}

// seen is what may be shown of a person.
type seen struct {
	leaves  []*profile.State
	permits permits
	refused bool // leaves of a controller are left out because the person did not agree to the purpose
	closed  bool // leaves of a controller are left out because an overlay closes the record
}

// shown returns the leaves that belong to the person, were collected by a controller asked for, and may be shown for the purpose.
func (s *Service) shown(ctx context.Context, q request, p *resolve.Person) (*seen, error) {
	browsing := q.sees.Browsing && showsBrowsing(q.purpose.Purpose)
	x := &seen{}
	for _, controller := range q.controllers {
		owned := p.Owned(controller)
		if len(owned) == 0 {
			continue
		}
		permit, err := s.permitOf(ctx, q, p, controller)
		if err != nil {
			return nil, err
		}
		if permit.closed || !permit.ofPerson() {
			x.closed, x.refused = x.closed || permit.closed, x.refused || !permit.closed
			s.gate.Refuse(string(q.purpose.Purpose), telemetry.EffectDenied, 1)
			continue
		}
		x.permits = append(x.permits, permit)
		for _, l := range owned {
			if l.Leaf().Device.Value == "" || browsing && permit.allow(l) {
				x.leaves = append(x.leaves, l)
			} else if browsing {
				s.gate.Refuse(string(q.purpose.Purpose), telemetry.EffectFiltered, 1)
			}
		}
	}
	return x, nil
}

func (s *Service) name(space string, k identifier.Key) string { return s.deps.Keyring.NameOf(space, k) }

// recordWriter fills a record with what a role may see.
type recordWriter struct {
	sees    access
	store   string // of the reader
	open    reveal.Secrets
	members []identifier.Key
	numbers map[string]string // pseudonym of a reference -> its number
	out     Record
}

// identifiers opens the values of identifiers: contacts, and the numbers of orders and cases.
func (w *recordWriter) identifiers(p *profile.Profile, permits permits) {
	for _, t := range p.Traits {
		key, ok := resolve.ParseIdentifierTrait(t.Name)
		if !ok {
			continue
		}
		value, ok := w.open.Best(&t)
		if !ok {
			continue
		}
		c := w.sees.Number
		switch key.Namespace.Kind() {
		case identifier.KindReference:
			w.numbers[key.Value] = show(c, key.Namespace, resolve.NumberOf(value))
			continue
		case identifier.KindDevice:
			continue // a device id tells people nothing
		default:
		}
		if key.Namespace == identifier.Pay || !w.own(key) {
			continue // nobody is recognised by a payment token at a counter
		}
		if key.Namespace == identifier.Email || key.Namespace == identifier.Phone || key.Namespace == identifier.Landline {
			c = w.sees.Contact
		}
		permitted := permits.ofPoint(key)
		if text := show(c, key.Namespace, value); text != "" && (permitted == nil || *permitted) {
			w.out.Contacts = append(w.out.Contacts, Contact{Namespace: string(key.Namespace), Value: text, Permitted: permitted})
		}
	}
}

// own reports whether an identifier that stood on an event of the person is the person's: one that identifies nobody, or turned
// out to be somebody else's, is not. Shared ones are kept for display.
func (w *recordWriter) own(k identifier.Key) bool {
	return k.Namespace.Kind() == identifier.KindShared || slices.ContainsFunc(w.members, func(m identifier.Key) bool { return m.Value == k.Value })
}

// traits opens the traits that the role may see.
func (w *recordWriter) traits(p *profile.Profile) {
	for _, t := range p.Traits {
		c := w.clarityOf(t.Name, t.Sealed)
		if strings.HasPrefix(t.Name, "#") || c == hidden {
			continue
		}
		value, ok := w.open.Best(&t)
		if !ok {
			continue
		}
		if w.out.Traits == nil {
			w.out.Traits = map[string]Trait{}
		}
		w.out.Traits[t.Name] = Trait{Value: show(c, "", value), Trust: trustNames[t.Trust], Source: t.Source, At: at(t.At), Others: len(t.Others)}
	}
}

// clarityOf says how clearly a trait is sent: a sealed one that no rule names is not.
func (w *recordWriter) clarityOf(trait string, sealed bool) clarity {
	permit := func(ok bool) clarity {
		if ok {
			return plain
		}
		return hidden
	}
	switch trait {
	case "given_name", "family_name", "title":
		return w.sees.Name
	case "birth_date":
		return permit(w.sees.Birth)
	case "loyalty_tier":
		return permit(w.sees.Orders)
	case "address_line", "postal_code", "city", "region":
		return permit(w.sees.Address)
	}
	return permit(!sealed || w.sees.Birth)
}

// collects reports whether an order waits to be collected, and the role may see it: who sees those only, sees those of its store.
func (w *recordWriter) collects(o *profile.Order) bool {
	if !w.sees.Collect || !o.Reserved() {
		return false
	}
	return w.sees.Orders || w.store == "" || o.CollectStore == w.store
}

// maxOrders is the most orders of an answer: the newest.
const maxOrders = 200

// contents fills orders, baskets, cases and sums.
func (w *recordWriter) contents(p *profile.Profile) {
	for i := range p.Orders {
		o := w.order(&p.Orders[i])
		if w.sees.Orders && len(w.out.Orders) < maxOrders {
			w.out.Orders = append(w.out.Orders, o)
		}
		if w.collects(&p.Orders[i]) {
			w.out.ToCollect = append(w.out.ToCollect, o)
		}
	}
	if w.sees.Spend {
		for _, x := range p.Spend {
			w.out.Spend = append(w.out.Spend, Spend{x.Currency, x.Month, event.ChannelName(x.Channel), x.Sales, x.Returns, x.Tickets})
		}
		for _, b := range p.Balances {
			w.out.Balances = append(w.out.Balances, Balance{b.Name, b.Minor, b.Currency, at(b.At)})
		}
	}
	if w.sees.Baskets {
		for _, b := range p.Baskets {
			w.out.Baskets = append(w.out.Baskets, Basket{event.ChannelName(b.Channel), b.Store, money(b.Total), b.Lines, at(b.UpdatedAt)})
		}
	}
	if w.sees.Cases {
		for _, c := range p.Cases {
			w.out.Cases = append(w.out.Cases, Case{
				w.numbers[c.Ref.Value], event.ChannelName(c.Channel), c.Kind, c.State, c.Resolution, maybe(c.OpenedAt), maybe(c.ClosedAt),
			})
		}
	}
	if w.sees.Activity {
		w.activity(p)
	}
}

func (w *recordWriter) activity(p *profile.Profile) {
	w.out.Counters, w.out.Retractions = p.Counters, p.Retractions
	for _, c := range p.Activity {
		w.out.Channels = append(w.out.Channels, Channel{event.ChannelName(c.Channel), c.Events, at(c.First), at(c.Last), c.LastType, c.LastStore})
	}
}

func (w *recordWriter) order(o *profile.Order) Order {
	out := Order{
		Number: w.numbers[o.Ref.Value], Channel: event.ChannelName(o.Channel), Store: o.Store, State: o.State, PlacedAt: maybe(o.PlacedAt),
		ChangedAt: maybe(o.ChangedAt), OverReturned: o.OverReturned, Fulfilment: o.Fulfilment, CollectStore: o.CollectStore,
	}
	if o.PlacedAt != 0 {
		total := money(o.Total)
		out.Total = &total
	}
	for _, r := range o.Returned {
		out.Returned = append(out.Returned, money(r))
	}
	for _, x := range o.Pieces {
		out.Pieces = append(out.Pieces, Piece{x.SKU, x.Number, x.State})
	}
	return out
}
