package profile

import (
	"cmp"
	"encoding/binary"
	"slices"

	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// Order is an order or a ticket under its own number, gathered from every leaf of the profile.
type Order struct {
	Ref          Ref // of a sale without number: no namespace, 8 bytes of its event's digest
	Channel      eventpb.Channel
	Store        string
	PlacedAt     int64 // 0 = the order or sale itself has not been seen (yet)
	Total        Money
	Returned     []Money // by currency
	OverReturned bool    // more was given back than paid
	Fulfilment   string
	CollectStore string
	State        string // the latest; "placed" or "sold" before any, "unknown" without the order itself
	ChangedAt    int64
	Pieces       []PieceState // by sku, number

	placedID, stateID uint64
	stateAt           int64
}

// Money is an amount in minor units of one currency.
type Money struct {
	Minor    int64
	Currency string
}

// PieceState is the latest state of one piece of an order.
type PieceState struct {
	Piece
	At int64

	id uint64
}

// Reserved reports whether the order waits for its customer in a store.
func (o *Order) Reserved() bool {
	switch o.State {
	case "collected", "cancelled", "returned", "delivered", "shipped":
		return false
	}
	return o.Fulfilment == "collect"
}

// Basket is an open basket.
type Basket struct {
	Ref       Ref // none where the source numbers no baskets: then one per channel
	Channel   eventpb.Channel
	Store     string
	Total     Money
	Lines     int64
	UpdatedAt int64
}

// Case is a case of the call centre under its own number.
type Case struct {
	Ref        Ref // of a case without number: no namespace, 8 bytes of its event's digest
	Channel    eventpb.Channel
	Kind       string
	Priority   string
	State      string // open | closed
	Resolution string
	OpenedAt   int64
	ClosedAt   int64
}

// gather collects the logs of all leaves under the numbers of orders, baskets and cases.
type gather struct {
	orders   map[Ref]*Order
	aliases  map[Ref]Ref // ticket -> the order it belongs to
	tickets  map[Ref]bool
	facts    map[uint64]*Entry // sales and orders by natural key: the newest version over all leaves
	returns  []*Entry
	states   []*Entry
	baskets  map[basketKey]*Entry
	bought   map[Ref]int64 // basket -> when it was ordered
	opened   map[Ref]*Entry
	closed   map[Ref]*Entry
	caseRefs []Ref
}

type basketKey struct {
	ref     Ref
	channel eventpb.Channel
}

func (p *Profile) combineLogs(leaves []*State) {
	g := gather{}
	for _, s := range leaves {
		if s == nil {
			continue
		}
		for i := range s.log {
			if e := &s.log[i]; !e.Retracted {
				g.take(e)
			}
		}
	}
	p.Orders, p.Baskets, p.Cases = g.finishOrders(), g.finishBaskets(), g.finishCases()
}

func (g *gather) take(e *Entry) {
	switch e.Type {
	case TypeSale, TypeOrderPlaced:
		if old := set(&g.facts)[e.Key]; old == nil || newer(e.At, e.IDs[0], old.At, old.IDs[0]) {
			g.facts[e.Key] = e
		}
	case TypeReturn:
		g.returns = append(g.returns, e)
	case TypeOrderState:
		g.states = append(g.states, e)
	case TypeBasket:
		k := basketKey{ref: e.ref(identifier.Basket)}
		if k.ref.Value == "" {
			k.channel = e.Channel
		}
		keepNewest(set(&g.baskets), k, e)
	case TypeCaseOpened:
		keepNewest(set(&g.opened), g.caseOf(e), e)
	case TypeCaseClosed:
		keepNewest(set(&g.closed), g.caseOf(e), e)
	}
}

// set makes a map at its first use.
func set[K comparable, V any](m *map[K]V) map[K]V {
	if *m == nil {
		*m = map[K]V{}
	}
	return *m
}

func keepNewest[K comparable](m map[K]*Entry, k K, e *Entry) {
	if old := m[k]; old == nil || newer(e.At, e.IDs[0], old.At, old.IDs[0]) {
		m[k] = e
	}
}

// ref returns the first reference of a namespace, zero where there is none.
func (e *Entry) ref(n identifier.Namespace) Ref {
	for _, r := range e.Refs {
		if r.Namespace == n {
			return r
		}
	}
	return Ref{}
}

func (e *Entry) ownRef() Ref {
	return Ref{Value: string(binary.LittleEndian.AppendUint64(nil, e.Key))}
}

func (g *gather) caseOf(e *Entry) Ref {
	r := e.ref(identifier.Case)
	if r.Value == "" {
		r = e.ownRef()
	}
	if g.opened[r] == nil && g.closed[r] == nil {
		g.caseRefs = append(g.caseRefs, r)
	}
	return r
}

func (g *gather) order(r Ref) *Order {
	o := set(&g.orders)[r]
	if o == nil {
		o = &Order{Ref: r, State: "unknown"}
		g.orders[r] = o
	}
	return o
}

func (g *gather) finishOrders() []Order {
	for _, e := range g.facts {
		ticket, order := e.ref(identifier.Ticket), e.ref(identifier.Order)
		if ticket.Value != "" {
			set(&g.tickets)[ticket] = true
			if old, ok := g.aliases[ticket]; order.Value != "" && (!ok || order.Value < old.Value) {
				set(&g.aliases)[ticket] = order
			}
		}
	}
	for _, e := range g.facts {
		g.order(g.number(e)).place(e)
		if b := e.ref(identifier.Basket); b.Value != "" && e.Type == TypeOrderPlaced {
			set(&g.bought)[b] = max(g.bought[b], e.At)
		}
	}
	oldestFirst(g.states)
	oldestFirst(g.returns)
	for _, e := range g.states {
		if r := g.number(e); r.Value != "" {
			g.order(r).change(e)
		}
	}
	for _, e := range g.returns {
		if r := g.number(e); r.Value != "" {
			g.order(r).giveBack(e)
		}
	}
	out := make([]Order, 0, len(g.orders))
	for _, o := range g.orders {
		o.finish()
		out = append(out, *o)
	}
	slices.SortFunc(out, func(a, b Order) int {
		return cmp.Or(cmp.Compare(b.ChangedAt, a.ChangedAt), cmp.Compare(a.Ref.Namespace, b.Ref.Namespace), cmp.Compare(a.Ref.Value, b.Ref.Value))
	})
	return out
}

func oldestFirst(es []*Entry) {
	slices.SortFunc(es, func(a, b *Entry) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.IDs[0], b.IDs[0])) })
}

// number says under which number an event counts: its order, the order of its ticket, a ticket that was sold, any ticket. A sale without a number
// stands for itself; a return or a state without one stands nowhere.
func (g *gather) number(e *Entry) Ref {
	if o := e.ref(identifier.Order); o.Value != "" {
		return o
	}
	var first Ref
	for _, r := range e.Refs {
		if r.Namespace != identifier.Ticket {
			continue
		}
		if o, ok := g.aliases[r]; ok {
			return o
		}
		if g.tickets[r] {
			return r
		}
		if first.Value == "" {
			first = r
		}
	}
	if first.Value == "" && (e.Type == TypeSale || e.Type == TypeOrderPlaced) {
		return e.ownRef()
	}
	return first
}

func (g *gather) finishBaskets() []Basket {
	var out []Basket
	for k, e := range g.baskets {
		if at, ok := g.bought[k.ref]; e.A != "open" || ok && at >= e.At {
			continue
		}
		out = append(out, Basket{
			Ref: k.ref, Channel: e.Channel, Store: e.Store, Total: Money{Minor: e.Amount, Currency: e.Currency}, Lines: e.N, UpdatedAt: e.At,
		})
	}
	slices.SortFunc(out, func(a, b Basket) int {
		return cmp.Or(cmp.Compare(b.UpdatedAt, a.UpdatedAt), cmp.Compare(a.Ref.Value, b.Ref.Value), cmp.Compare(a.Channel, b.Channel))
	})
	return out
}

func (g *gather) finishCases() []Case {
	var out []Case
	for _, r := range g.caseRefs {
		c := Case{Ref: r, State: "open"}
		if e := g.opened[r]; e != nil {
			c.Channel, c.Kind, c.Priority, c.OpenedAt = e.Channel, e.A, e.B, e.At
		}
		if e := g.closed[r]; e != nil && e.At >= c.OpenedAt {
			c.State, c.Resolution, c.ClosedAt = "closed", e.A, e.At
			c.Channel = max(c.Channel, e.Channel)
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b Case) int {
		return cmp.Or(cmp.Compare(max(b.OpenedAt, b.ClosedAt), max(a.OpenedAt, a.ClosedAt)), cmp.Compare(a.Ref.Value, b.Ref.Value))
	})
	return out
}
