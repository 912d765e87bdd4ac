package demo

import (
	"math/rand/v2"
	"time"
)

// step is one event of a journey before it is written down: it occurs at `at` and is sent at `sent`.
type step struct {
	source   string
	at, sent time.Time
	first    time.Time // when it was sent for the first time, if this is a repetition: the same bytes
	person   int
	event    envelope
}

// journey is something that one person does: a visit to a shop, a session, a call, with all that follows from it.
type journey struct {
	r      *rand.Rand
	p      person
	number int
	at     time.Time
	steps  []step
}

func (j *journey) id() string {
	return "j" + digits(j.number, 7) + "-" + digits(len(j.steps), 2)
}

// add appends an event that is sent at once.
func (j *journey) add(source string, at time.Time, e envelope) *step {
	e.ID = j.id()
	j.steps = append(j.steps, step{source: source, at: at, sent: at, person: j.p.n, event: e})
	return &j.steps[len(j.steps)-1]
}

// trouble makes some events of a till late, repeated or taken back.
func (j *journey) trouble(i int) {
	if chance(j.r, 3) {
		j.steps[i].sent = j.steps[i].at.Add(time.Duration(1+j.r.IntN(48)) * time.Hour)
	}
	if chance(j.r, 2) { // the source never saw the answer and sends again
		again := j.steps[i]
		again.first = again.sent
		again.sent = again.sent.Add(time.Duration(1+j.r.IntN(600)) * time.Second)
		j.steps = append(j.steps, again)
	}
	if chance(j.r, 2) {
		s := j.steps[i]
		back := j.add(s.source, s.at, envelope{
			Type: "event.retracted", Identifiers: s.event.Identifiers,
			Data: plainData{"id": s.event.ID, "type": s.event.Type, "reason": "void"},
		})
		back.sent = s.at.Add(time.Duration(j.r.IntN(90)-20) * time.Minute) // now and then before the event itself
		if chance(j.r, 80) || back.sent.Before(s.at) {
			back.sent = s.sent.Add(2 * time.Minute)
		}
	}
}

// basket fills a bag with things to a price level of the currency.
func (j *journey) basket(currency string) (money, []line) {
	n := 1 + j.r.IntN(4)
	total := money{Currency: currency}
	lines := make([]line, 0, n)
	for range n {
		p := pick(j.r, products)
		q := int64(1)
		if chance(j.r, 15) {
			q = 2
		}
		lines = append(lines, line{SKU: p.sku, Category: p.category, Quantity: q, UnitPrice: p.price, Amount: p.price * q})
		total.Amount += p.price * q
	}
	return total, lines
}

func (j *journey) traits() map[string]string {
	return map[string]string{"given_name": j.p.given, "family_name": j.p.family, "language": j.p.language}
}

// fullTraits are what a card file or an account knows.
func (j *journey) fullTraits() map[string]string {
	t := j.traits()
	t["postal_code"], t["city"] = j.p.town.postal, j.p.town.city
	if chance(j.r, 60) {
		t["birth_date"] = j.p.birth
	}
	return t
}

// stated are the names as they are typed at a till or told on the phone: with slips, now and then another person's.
func (j *journey) stated() map[string]string {
	given := spoken(j.r, j.p)
	if chance(j.r, 1) {
		given = pick(j.r, givenNames)
	}
	t := map[string]string{"given_name": given, "family_name": typed(j.r, j.p.family, 3)}
	if chance(j.r, 1) {
		t["given_name"], t["family_name"] = t["family_name"], t["given_name"]
	}
	return t
}

func (j *journey) decide(ns, value, purpose, channel, what, act string) []decision {
	d := decision{Point: point{ns, value}, Purpose: purpose, Channel: channel, Decision: what, Act: act}
	if what == "grant" {
		d.Notice = &notice{ID: "privacy", Version: "3", Language: j.p.language}
	}
	return []decision{d}
}

func orderReference(number string) identifier {
	return identifier{Namespace: "order", Value: number, Scope: "maison"}
}

func (j *journey) ticket(till string) identifier {
	s := sourceOf(till)
	return identifier{Namespace: "ticket", Value: digits(j.number%10000, 4) + "-" + digits(j.number, 7), Scope: s.Store + "/" + till + "/" + j.at.Format(time.DateOnly)}
}
