package demo

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// BaseConfig says what existing customer base to make up: a master file, and years of tickets and orders.
type BaseConfig struct {
	Seed      uint64
	Customers int
	Events    int       // all lines, the customers and the repetitions among them
	Until     time.Time // when the export was made
	Years     int       // of tickets; default 5
}

// MaxBase bounds the customers: phone numbers have so many digits.
const MaxBase = 10_000_000

// Validate reports every problem at once.
func (c BaseConfig) Validate() error {
	var problems []error
	if c.Customers < 1 || c.Customers > MaxBase {
		problems = append(problems, fmt.Errorf("customers: must be 1 to %d", MaxBase))
	}
	if c.Events < c.Customers {
		problems = append(problems, errors.New("events: must be at least the customers, each of whom is one"))
	}
	if c.Years < 0 || c.Years > 20 {
		problems = append(problems, errors.New("years: must be 0 to 20"))
	}
	if c.Until.IsZero() {
		problems = append(problems, errors.New("until: is required"))
	}
	return errors.Join(problems...)
}

// Base gives the lines of the export: first every customer, then tickets and orders by date. Nothing of it is held in memory.
type Base struct {
	cfg   BaseConfig
	n     int
	old   Event // the line before
	truth Truth
}

// NewBase prepares an export.
func NewBase(cfg BaseConfig) (*Base, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking the customer base: %w", err)
	}
	if cfg.Years == 0 {
		cfg.Years = 5
	}
	return &Base{cfg: cfg, truth: Truth{Events: map[string]int{}, Sums: map[string]int64{}, Samples: map[string]Sample{}}}, nil
}

// Records is the name of the master file's source: a system of the desk's controller whose values are imported.
const Records = "records-fr"

// BaseSources are the sources of a base: those of the demonstration that it uses, and the master file's.
func BaseSources() []Source {
	var out []Source
	for _, s := range Sources() {
		if s.Channel == Store || s.Name == "shop-fr" {
			out = append(out, s)
		}
	}
	return append(out, RecordsSource())
}

// RecordsSource is the source of the master file.
func RecordsSource() Source {
	r := sourceOf("desk-fr")
	r.Name, r.Trust = Records, "imported"
	return r
}

// One line in so many repeats the one before, as exports do.
const repeated = 1_000

// Next gives the next line; false at the end. Repeated says that it is the line before once more.
func (b *Base) Next() (e Event, again, ok bool) {
	if b.n >= b.cfg.Events {
		return Event{}, false, false
	}
	n := b.n
	b.n++
	b.truth.Lines++
	if n > 0 && n%repeated == 0 {
		return b.old, true, true
	}
	if n < b.cfg.Customers {
		b.old = b.record(n)
	} else {
		b.old = b.purchase(n)
	}
	b.truth.Events[b.old.Type]++
	return b.old, false, true
}

// Truth is what the lines so far must come out as.
func (b *Base) Truth() Truth { return b.truth }

// record is line n: customer n of the master file. Customers whose line a repetition took are in no file.
func (b *Base) record(n int) Event {
	p := loadPerson(b.cfg.Seed, n)
	r := random(b.cfg.Seed, streamBase, n)
	p.birth = digits(1940+r.IntN(66), 4) + "-" + digits(1+r.IntN(12), 2) + "-" + digits(1+r.IntN(28), 2)
	since := b.cfg.Until.AddDate(0, 0, -1-r.IntN(365*b.years()))
	j := &journey{r: r, p: p, number: n, at: b.cfg.Until.Add(-time.Hour)}
	data := plainData{
		"balances":    []plainData{{"name": "points", "amount": r.IntN(4000)}},
		"trait_dates": plainData{"family_name": stamp(since), "city": stamp(since.AddDate(0, -r.IntN(30), 0))},
	}
	if moved(n) {
		data["merged"] = []plainData{{"former": former(p), "into": p.account}}
	}
	if chance(r, 10) {
		data["balances"] = []plainData{{"name": "points", "amount": r.IntN(4000)}, {"name": "credit", "amount": 100 * r.IntN(50), "currency": "EUR"}}
	}
	e := envelope{
		Type: "customer.recorded", Traits: j.fullTraits(), Data: data,
		Identifiers: []identifier{
			{Namespace: "customer", Value: p.account, Proved: true},
			{Namespace: "card", Value: p.card, Proved: true},
			{Namespace: "email", Value: p.email},
			{Namespace: "phone", Value: p.phone},
		},
	}
	if chance(r, 40) {
		e.Consent = carried(p.email, since)
		b.truth.Decisions++
	}
	b.truth.Customers++
	return b.line(Records, CallCentre, "b"+digits(int(b.cfg.Seed%1000), 3)+"-"+digits(n, 9), n, j.at, e)
}

// moved says that customer n had another number in a system before, which the master file tells.
func moved(n int) bool { return n%20 == 7 }

func former(p person) string { return "F" + p.account }

// carried is a grant that an earlier system kept.
func carried(email string, at time.Time) []decision {
	return []decision{{
		Point: point{"email", email}, Purpose: "marketing", Channel: "email", Decision: "grant", Method: "carried", DecidedAt: stamp(at),
	}}
}

// purchase is line n behind the customers: a ticket, an order or a return, by date.
func (b *Base) purchase(n int) Event {
	r := random(b.cfg.Seed, streamBase, n)
	p := loadPerson(b.cfg.Seed, b.who(r))
	span := float64(b.cfg.Until.Sub(b.cfg.Until.AddDate(-b.years(), 0, 0)))
	part := float64(n-b.cfg.Customers) / float64(max(1, b.cfg.Events-b.cfg.Customers))
	at := b.cfg.Until.AddDate(-b.years(), 0, 0).Add(time.Duration(span * part)).Truncate(time.Second)
	j := &journey{r: r, p: p, number: n, at: at}
	id := "b" + digits(int(b.cfg.Seed%1000), 3) + "-" + digits(n, 9)
	if chance(r, 15) {
		total, lines := j.basket("EUR")
		account := p.account
		if moved(p.n) && chance(r, 30) {
			account = former(p)
		}
		ids := []identifier{{Namespace: "customer", Value: account, Proved: true}, {Namespace: "email", Value: p.email, Proved: true}, orderReference("B" + digits(n, 10))}
		b.truth.bought(p, b.cfg.Customers, "order.placed", total)
		return b.line("shop-fr", Web, id, p.n, at, envelope{Type: "order.placed", Identifiers: ids, Data: goods{Total: &total, Lines: lines, Fulfilment: "ship"}})
	}
	till := p.town.store
	total, lines := j.basket(sourceOf(till).Currency)
	e := envelope{Type: "sale", Identifiers: []identifier{{Namespace: "card", Value: p.card, Proved: true}, j.ticket(till)}, Data: goods{Total: &total, Lines: lines}}
	if chance(r, 3) {
		e.Type, e.Data = "return", goods{Total: &total, Lines: lines, Reason: "size"}
	}
	b.truth.bought(p, b.cfg.Customers, e.Type, total)
	return b.line(till, Store, id, p.n, at, e)
}

// who buys: some often, most now and then.
func (b *Base) who(r *rand.Rand) int {
	u := r.Float64()
	n := min(int(float64(b.cfg.Customers)*math.Pow(u, 1.5)), b.cfg.Customers-1)
	if n > 0 && n%repeated == 0 {
		n-- // that line of the master file is a repetition
	}
	return n
}

func (b *Base) years() int { return b.cfg.Years }

func (b *Base) line(source, channel, id string, person int, at time.Time, e envelope) Event {
	e.ID, e.OccurredAt = id, stamp(at.In(zones[sourceZone(source)]))
	return Event{Channel: channel, Source: source, ID: id, Type: e.Type, JSON: encode(e), At: at, Person: person}
}

func sourceZone(name string) string {
	if name == Records {
		return sourceOf("desk-fr").Zone
	}
	return sourceOf(name).Zone
}
