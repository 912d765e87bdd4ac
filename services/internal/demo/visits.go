package demo

import "time"

// tillMail is what the staff of one shop type when a customer gives no e-mail.
const tillMail = "accueil.lyon@maison.example"

// otherTill is a till that is not the usual one, one time in five.
func (j *journey) till() string {
	if chance(j.r, 20) {
		return pick(j.r, tills)
	}
	return j.p.town.store
}

// visit is a purchase in a shop, and what may follow: a return, with the card or with the ticket alone.
func (j *journey) visit() {
	till := j.till()
	src := sourceOf(till)
	total, lines := j.basket(src.Currency)
	ticket := j.ticket(till)
	e := envelope{Type: "sale", Identifiers: j.atTheTill(till), Data: goods{Total: &total, Lines: lines}}
	if chance(j.r, 25) && len(e.Identifiers) > 0 {
		e.Traits = j.stated()
	}
	shown := e.Identifiers
	e.Identifiers = append(e.Identifiers[:len(e.Identifiers):len(e.Identifiers)], ticket)
	person := j.p.n
	if len(shown) == 0 {
		person = -1
	}
	j.add(till, j.at, e).person = person
	j.trouble(0)
	if !j.p.returns || !chance(j.r, 14) {
		return
	}
	back := envelope{Type: "return", Identifiers: []identifier{ticket}, Data: goods{Total: &money{lines[0].Amount, src.Currency}, Lines: lines[:1], Reason: "size"}}
	if chance(j.r, 50) {
		back.Identifiers = append(shown[:len(shown):len(shown)], ticket)
	}
	j.add(till, j.at.AddDate(0, 0, 2+j.r.IntN(20)), back).person = person
}

// atTheTill is what a customer shows when paying: card, payment token, an e-mail that is typed, or nothing.
func (j *journey) atTheTill(till string) []identifier {
	var ids []identifier
	if j.p.card != "" && chance(j.r, 75) {
		card := j.p.card
		if j.p.card2 != "" && chance(j.r, 50) {
			card = j.p.card2
		}
		ids = append(ids, identifier{Namespace: "card", Value: card, Proved: true})
	}
	switch {
	case j.p.email != "" && chance(j.r, 20):
		ids = append(ids, identifier{Namespace: "email", Value: mistyped(j.r, j.p.email, 4)})
	case till == "till-lyon-1" && chance(j.r, 15):
		ids = append(ids, identifier{Namespace: "email", Value: tillMail})
	}
	if j.p.pay != "" && chance(j.r, 55) {
		ids = append(ids, identifier{Namespace: "pay", Value: j.p.pay, Proved: true})
	}
	return ids
}

// enrol is the day a customer takes the loyalty card, with consent to marketing or without; some replace the card later.
func (j *journey) enrol() {
	till := j.p.town.store
	e := envelope{
		Type: "loyalty.enrolled", Traits: j.fullTraits(), Data: plainData{"programme": "maison-plus", "tier": "basic"},
		Identifiers: []identifier{{Namespace: "card", Value: j.p.card, Proved: true}},
	}
	if j.p.email != "" {
		e.Identifiers = append(e.Identifiers, identifier{Namespace: "email", Value: mistyped(j.r, j.p.email, 3)})
		if chance(j.r, 55) {
			e.Consent = j.decide("email", j.p.email, "marketing", "email", "grant", "store_tablet_signed")
		}
	}
	if j.p.phone != "" {
		e.Identifiers = append(e.Identifiers, identifier{Namespace: "phone", Value: dialled(j.r, j.p.phone)})
	}
	j.add(till, j.at, e)
	if j.p.card2 != "" {
		j.add(till, j.at.AddDate(0, 1+j.r.IntN(4), 0), envelope{
			Type: "loyalty.card_replaced", Data: plainData{"old": j.p.card, "new": j.p.card2},
			Identifiers: []identifier{{Namespace: "card", Value: j.p.card2, Proved: true}},
		})
	}
	if len(e.Consent) > 0 && chance(j.r, 10) {
		j.add(till, j.at.AddDate(0, 2, 3), envelope{Type: "consent.decided", Consent: j.decide("email", j.p.email, "marketing", "email", "withdraw", "unsubscribe_link")})
	}
}

// recorded brings the customer in from the former system.
func (j *journey) recorded() {
	e := envelope{
		Type: "customer.recorded", Traits: j.fullTraits(), Identifiers: []identifier{{Namespace: "customer", Value: j.p.account, Proved: true}},
		Data: plainData{"balances": []plainData{{"name": "points", "amount": j.r.IntN(4000)}}},
	}
	if j.p.email != "" {
		e.Identifiers = append(e.Identifiers, identifier{Namespace: "email", Value: j.p.email})
	}
	if j.p.phone != "" && chance(j.r, 70) {
		e.Identifiers = append(e.Identifiers, identifier{Namespace: "phone", Value: j.p.phone})
	}
	j.add("desk-fr", j.at, e)
}

// phoneCall is a call, often with a case that is closed days later by its number alone.
func (j *journey) phoneCall() {
	number := "K" + digits(j.number, 7)
	var ids []identifier
	switch {
	case j.p.account != "" && chance(j.r, 40):
		ids = append(ids, identifier{Namespace: "customer", Value: j.p.account, Proved: true})
	case j.p.phone != "":
		ids = append(ids, identifier{Namespace: "phone", Value: dialled(j.r, j.p.phone)})
	case j.p.email != "":
		ids = append(ids, identifier{Namespace: "email", Value: mistyped(j.r, j.p.email, 5)})
	}
	topic := pick(j.r, []string{"delivery", "return", "invoice", "product", "account"})
	e := envelope{
		Type: "call.ended", Identifiers: append(ids[:len(ids):len(ids)], identifier{Namespace: "call", Value: number}),
		Data: call{Duration: int64(30 + j.r.IntN(600)), Wait: int64(j.r.IntN(200)), Outcome: "answered", Topic: topic},
	}
	person := j.p.n
	if len(ids) == 0 {
		person = -1
	} else if chance(j.r, 60) {
		e.Traits = j.stated()
	}
	j.add("desk-fr", j.at, e).person = person
	if !chance(j.r, 45) {
		return
	}
	ref := identifier{Namespace: "case", Value: number, Scope: "maison"}
	j.add("desk-fr", j.at.Add(time.Minute), envelope{
		Type: "case.opened", Identifiers: append(ids[:len(ids):len(ids)], ref),
		Data: plainData{"kind": pick(j.r, []string{"complaint", "question", "repair"}), "priority": "normal"},
	}).person = person
	if chance(j.r, 80) {
		j.add("desk-fr", j.at.Add(time.Duration(20+j.r.IntN(200))*time.Hour), envelope{
			Type: "case.closed", Identifiers: []identifier{ref},
			Data: plainData{"resolution": pick(j.r, []string{"solved", "refunded", "explained"})},
		}).person = person
	}
}
