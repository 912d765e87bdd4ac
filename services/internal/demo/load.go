package demo

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// LoadConfig says what endless load to make up: each event on its own, customers by Zipf popularity.
type LoadConfig struct {
	Seed   uint64
	People int           // default 100,000
	First  int           // number of the first customer: loads whose customers do not overlap share no identifier
	Skew   float64       // of Zipf; default 1.1; 0 < Skew <= 1: everybody alike
	Start  time.Time     // of the first event
	Every  time.Duration // between two events; default 1 ms
	Mix    Mix           // default DefaultMix
}

// Mix weighs the kinds of events of a load.
type Mix struct{ Sale, Page, Product, Order, Screen, Call, LogIn int }

// DefaultMix is half browsing, a third tickets.
func DefaultMix() Mix {
	return Mix{Sale: 34, Page: 28, Product: 12, Order: 8, Screen: 8, Call: 4, LogIn: 6}
}

// OrdersOnly makes web orders and nothing else.
func OrdersOnly() Mix { return Mix{Order: 1} }

// Load gives events without end. It is for one goroutine; several loads of different seeds do not share event ids.
type Load struct {
	cfg  LoadConfig
	r    *rand.Rand
	zipf *rand.Zipf
	n    int
	kind []func(*journey)
}

// NewLoad prepares a load.
func NewLoad(cfg LoadConfig) *Load {
	if cfg.People <= 0 {
		cfg.People = 100_000
	}
	if cfg.Skew == 0 {
		cfg.Skew = 1.1
	}
	if cfg.Every <= 0 {
		cfg.Every = time.Millisecond
	}
	if cfg.Mix == (Mix{}) {
		cfg.Mix = DefaultMix()
	}
	l := &Load{cfg: cfg, r: random(cfg.Seed, streamLoad, 0)}
	if cfg.Skew > 1 {
		l.zipf = rand.NewZipf(l.r, cfg.Skew, 8, uint64(cfg.People-1)) //nolint:gosec // at least 0
	}
	m := cfg.Mix
	for _, k := range []struct {
		weight int
		make   func(*journey)
	}{{m.Sale, loadSale}, {m.Page, loadPage}, {m.Product, loadProduct}, {m.Order, loadOrder}, {m.Screen, loadScreen}, {m.Call, loadCall}, {m.LogIn, loadLogIn}} {
		for range k.weight {
			l.kind = append(l.kind, k.make)
		}
	}
	return l
}

// Next gives the next event.
func (l *Load) Next() Event {
	l.n++
	j := &journey{r: l.r, number: l.cfg.First + l.n, at: l.cfg.Start.Add(time.Duration(l.n) * l.cfg.Every)}
	if l.zipf != nil {
		j.p = loadPerson(l.cfg.Seed, l.cfg.First+int(l.zipf.Uint64())) //nolint:gosec // below People
	} else {
		j.p = loadPerson(l.cfg.Seed, l.cfg.First+l.r.IntN(l.cfg.People))
	}
	pick(l.r, l.kind)(j)
	s := j.steps[0]
	s.event.ID = "l" + strconv.FormatUint(l.cfg.Seed, 10) + "-" + digits(l.n, 10)
	return written(s)
}

// Grants gives the consent that the load's browsing needs, one event for each of the first n customers: send and settle them first.
func (l *Load) Grants(n int) []Event {
	var out []Event
	for i := range min(n, l.cfg.People) {
		j := &journey{p: loadPerson(l.cfg.Seed, l.cfg.First+i), number: l.cfg.First + i, at: l.cfg.Start.Add(-time.Hour)}
		d := j.decide("cookie", j.p.cookie, "unify_behaviour", "", "grant", "banner")
		d = append(d, j.decide("device", j.p.device, "unify_behaviour", "", "grant", "banner")...)
		j.add("shop-fr", j.at, envelope{Type: "consent.decided", Consent: d})
		j.steps[0].event.ID = "g" + strconv.FormatUint(l.cfg.Seed, 10) + "-" + digits(i, 10)
		out = append(out, written(j.steps[0]))
	}
	return out
}

// loadPerson has every identifier, so that each kind of event can be made for everybody.
func loadPerson(seed uint64, n int) person {
	id := n
	return person{
		n: n, language: "fr", town: towns[n%len(towns)],
		given: givenNames[n%len(givenNames)], family: familyNames[n/7%len(familyNames)],
		card: ean("29902" + digits(id, 7)), account: "L" + strconv.FormatUint(seed%100, 10) + "-" + digits(id, 8), email: "load." + digits(id, 8) + "@example.com",
		phone: "061" + digits(id%10_000_000, 7), pay: "tok_l" + digits(id, 9), cookie: "ckl-" + digits(id, 9), device: "appl-" + digits(id, 9),
	}
}

func loadSale(j *journey) {
	till := j.p.town.store
	total, lines := j.basket(sourceOf(till).Currency)
	ids := []identifier{{Namespace: "card", Value: j.p.card, Proved: true}, j.ticket(till)}
	if j.number%4 == 0 {
		ids = append(ids, identifier{Namespace: "pay", Value: j.p.pay, Proved: true})
	}
	if j.number%5 == 0 {
		ids = append(ids, identifier{Namespace: "email", Value: j.p.email})
	}
	j.add(till, j.at, envelope{Type: "sale", Identifiers: ids, Data: goods{Total: &total, Lines: lines}})
}

func (j *journey) browser() []identifier {
	ids := []identifier{{Namespace: "cookie", Value: j.p.cookie, Proved: true}}
	if j.number%3 == 0 {
		ids = append(ids, j.account())
	}
	return ids
}

func loadPage(j *journey) {
	j.add("shop-fr", j.at, envelope{Type: "page.viewed", Identifiers: j.browser(), Data: plainData{"path": "/" + pick(j.r, products).category, "kind": "category"}})
}

func loadProduct(j *journey) {
	p := pick(j.r, products)
	j.add("shop-fr", j.at, envelope{Type: "product.viewed", Identifiers: j.browser(), Data: plainData{"sku": p.sku, "category": p.category}})
}

func loadOrder(j *journey) {
	total, lines := j.basket("EUR")
	ids := []identifier{j.account(), {Namespace: "email", Value: j.p.email, Proved: true}, {Namespace: "cookie", Value: j.p.cookie, Proved: true}, orderReference("LW" + digits(j.number, 10))}
	j.add("shop-fr", j.at, envelope{Type: "order.placed", Identifiers: ids, Data: goods{Total: &total, Lines: lines, Fulfilment: "ship"}})
}

func loadScreen(j *journey) {
	ids := []identifier{j.account(), {Namespace: "device", Value: j.p.device, Proved: true}}
	j.add("app-maison", j.at, envelope{Type: "screen.viewed", Identifiers: ids, Data: plainData{"name": "home"}})
}

func loadCall(j *journey) {
	ids := []identifier{{Namespace: "phone", Value: j.p.phone}, {Namespace: "call", Value: "LK" + digits(j.number, 10)}}
	j.add("desk-fr", j.at, envelope{Type: "call.ended", Identifiers: ids, Traits: j.traits(), Data: call{Duration: 120, Outcome: "answered", Topic: "delivery"}})
}

func loadLogIn(j *journey) {
	ids := []identifier{j.account(), {Namespace: "cookie", Value: j.p.cookie, Proved: true}, {Namespace: "phone", Value: j.p.phone, Proved: true}}
	j.add("shop-fr", j.at, envelope{Type: "account.logged_in", Identifiers: ids, Data: plainData{"method": "password"}})
}
