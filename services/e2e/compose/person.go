package compose

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"time"
)

// person makes the events of one person. Each record about the person is how one channel wrote him down: tickets, orders and calls use its spelling.
func (c *composer) person(e entity, h holder) {
	who := e.person()
	r := c.random("events", who)
	n := int(r.Int64N(1 << 30))
	if e.set == Tau {
		c.out.Names[who] = e.variants[0].given + " " + e.variants[0].family
		c.customer(e, h)
	}
	for i, v := range e.variants {
		switch k := 1 + r.IntN(4); (i + n) % 3 {
		case 0:
			c.enrolled(r, who, v, h, n)
			c.tickets(r, who, v, h, n+i, k)
		case 1:
			c.account(r, who, v, h, n)
			c.orders(r, who, v, h, n+i, k)
		default:
			c.calls(r, who, v, h, n+i, k)
		}
	}
	if len(e.variants) == 1 {
		v := e.variants[0]
		c.tickets(r, who, v, h, n, 1+r.IntN(2))
		c.calls(r, who, v, h, n, 1+r.IntN(2))
	}
}

func (c *composer) add(channel, who, typ, at string, ids []ident, traits map[string]string, data json.RawMessage) {
	t, err := time.Parse(time.RFC3339Nano, at)
	if err != nil {
		return // every time comes from a mapping or from a constant below
	}
	if len(ids) == 0 || (typ != "order.state_changed" && onlyReference(ids)) {
		who = ""
	}
	c.n++
	c.drafts = append(c.drafts, draft{channel: channel, person: who, at: t, order: c.n, Type: typ, OccurredAt: at, Identifiers: ids, Traits: traits, Data: data})
}

// onlyReference tells an event that names nobody. The state of an order is an exception: the number leads to who placed it.
func onlyReference(ids []ident) bool {
	for _, id := range ids {
		if id.Namespace != "ticket" && id.Namespace != "call" && id.Namespace != "order" {
			return false
		}
	}
	return true
}

// names are the traits of one record: given and family name, and with full the rest.
func names(v variant, birth, full bool) map[string]string {
	t := map[string]string{}
	set := func(name, value string) {
		if value != "" {
			t[name] = value
		}
	}
	set("given_name", v.given)
	set("family_name", v.family)
	if birth {
		set("birth_date", v.birth)
	}
	if full {
		set("address_line", v.street)
		set("postal_code", v.postal)
		set("city", v.city)
	}
	if len(t) == 0 {
		return nil
	}
	return t
}

func id(namespace, value string, proved bool) []ident {
	if value == "" {
		return nil
	}
	return []ident{{Namespace: namespace, Value: value, Proved: proved}}
}

// written is an e-mail as it is typed by staff: one in thirty with a slip.
func written(r *rand.Rand, email string) string {
	if len(email) < 8 || !chance(r, 3) {
		return email
	}
	i := 1 + r.IntN(4)
	return email[:i] + email[i+1:]
}

const (
	enrolledAt = "2010-06-01T10:00:00-04:00"
	accountAt  = "2010-06-02T10:00:00-04:00"
	recordedAt = "2010-06-03T10:00:00-04:00"
	tauOrderAt = "2017-06-01T12:00:00-04:00"
	tauStateAt = "2017-06-10T12:00:00-04:00"
)

func (c *composer) enrolled(r *rand.Rand, who string, v variant, h holder, n int) {
	if h.card == "" || n%2 == 1 {
		return
	}
	ids := id("card", h.card, true)
	ids = append(ids, id("email", written(r, h.email), false)...)
	ids = append(ids, id("phone", h.phone, false)...)
	c.add("store", who, "loyalty.enrolled", enrolledAt, ids, names(v, true, true), json.RawMessage(`{"programme":"compose"}`))
}

func (c *composer) tickets(r *rand.Rand, who string, v variant, h holder, n, k int) {
	for _, s := range c.real.tickets.take(n, k) {
		var ids []ident
		if chance(r, 70) {
			ids = append(ids, id("card", h.card, true)...)
		}
		if chance(r, 25) {
			ids = append(ids, id("email", written(r, h.email), false)...)
		}
		if chance(r, 50) {
			ids = append(ids, id("pay", h.pay, true)...)
		}
		var traits map[string]string
		if chance(r, 40) && len(ids) > 0 {
			traits = names(v, false, false)
		}
		ids = append(ids, ident{Namespace: "ticket", Value: "T" + strconv.Itoa(c.n), Scope: "compose"})
		c.add("store", who, s.Type, s.At, ids, traits, s.Data)
	}
}

func (c *composer) account(r *rand.Rand, who string, v variant, h holder, n int) {
	if h.customer == "" || n%4 == 3 {
		return
	}
	ids := id("customer", h.customer, true)
	ids = append(ids, id("email", h.email, chance(r, 50))...)
	c.add("web", who, "identifier.provided", accountAt, ids, names(v, chance(r, 60), true), nil)
}

func (c *composer) orders(r *rand.Rand, who string, v variant, h holder, n, k int) {
	for _, s := range c.real.orders.take(n, k) {
		var ids []ident
		traits := names(v, false, true)
		if h.customer != "" && chance(r, 65) {
			ids = id("customer", h.customer, true)
		} else {
			ids = id("email", h.email, false)
			if chance(r, 50) {
				ids = append(ids, id("phone", h.phone, false)...)
			}
		}
		ids = append(ids, ident{Namespace: "order", Value: "W" + strconv.Itoa(c.n), Scope: "compose"})
		c.add("web", who, s.Type, s.At, ids, traits, s.Data)
	}
}

func (c *composer) calls(r *rand.Rand, who string, v variant, h holder, n, k int) {
	for _, s := range c.real.calls.take(n, k) {
		var ids []ident
		switch {
		case h.customer != "" && chance(r, 35):
			ids = id("customer", h.customer, true)
		case h.phone != "" && chance(r, 75):
			ids = id("phone", h.phone, false)
		case chance(r, 60):
			ids = id("email", written(r, h.email), false)
		}
		var traits map[string]string
		if chance(r, 75) { // some callers say no more than a name, which joins nobody
			traits = names(v, chance(r, 45), false)
		}
		ids = append(ids, ident{Namespace: "call", Value: "K" + strconv.Itoa(c.n), Scope: "compose"})
		c.add("callcentre", who, s.Type, s.At, ids, traits, s.Data)
	}
}

// customer brings a tau-bench customer and his orders in, with the state of each told by the order number alone.
func (c *composer) customer(e entity, h holder) {
	v := e.variants[0]
	ids := append(id("customer", e.customer, true), id("email", h.email, false)...)
	c.add("callcentre", e.person(), "customer.recorded", recordedAt, ids, names(v, false, true), nil)
	for _, o := range e.orders {
		ref := ident{Namespace: "order", Value: o.id, Scope: "compose"}
		c.add("web", e.person(), "order.placed", tauOrderAt, append(id("customer", e.customer, true), ref), nil, orderData(o))
		if state := map[string]string{"processed": "preparing", "delivered": "delivered", "cancelled": "cancelled"}[o.status]; state != "" {
			c.add("web", e.person(), "order.state_changed", tauStateAt, []ident{ref}, nil, json.RawMessage(`{"state":"`+state+`"}`))
		}
	}
}

func orderData(o tauOrder) json.RawMessage {
	type line struct {
		SKU      string `json:"sku"`
		Category string `json:"category"`
		Quantity int    `json:"quantity"`
		Amount   int64  `json:"amount"`
	}
	var d struct {
		Total struct {
			Amount   int64  `json:"amount"`
			Currency string `json:"currency"`
		} `json:"total"`
		Lines []line `json:"lines"`
	}
	d.Total.Currency = "USD"
	for _, it := range o.items {
		cents := centsOf(it.price.String())
		d.Total.Amount += cents
		d.Lines = append(d.Lines, line{it.sku, it.name, 1, cents})
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return nil // plain numbers and texts always encode
	}
	return raw
}

// centsOf reads a price of at most two decimals.
func centsOf(s string) int64 {
	n, decimals, point := int64(0), 0, false
	for _, c := range s {
		switch {
		case c == '.':
			point = true
		case c >= '0' && c <= '9' && decimals < 2:
			n = n*10 + int64(c-'0')
			if point {
				decimals++
			}
		}
	}
	for ; decimals < 2; decimals++ {
		n *= 10
	}
	return n
}
