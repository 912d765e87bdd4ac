package demo

import "time"

// session is a visit to the site: anonymous or logged in, browsing, perhaps an order.
func (j *journey) session() {
	cookie := j.p.cookie
	if j.p.cookie2 != "" && chance(j.r, 40) {
		cookie = j.p.cookie2
	}
	logged := j.p.account != "" && chance(j.r, 45)
	if chance(j.r, 8) { // in a shop, on a screen that many use
		j.onShared(pick(j.r, []string{"kiosk-paris-1", "tablet-lyon-1"}), logged)
		return
	}
	device := identifier{Namespace: "cookie", Value: cookie, Proved: true}
	j.browse("shop-fr", device, logged)
	if chance(j.r, 38) {
		j.order("shop-fr", device, logged)
	}
}

// onShared browses on a kiosk (declared) or a tablet of the shop (not declared); its cookie is everybody's.
func (j *journey) onShared(source string, logged bool) {
	device := identifier{Namespace: "cookie", Value: "ck-" + source, Proved: true}
	e := envelope{Type: "consent.decided", Identifiers: []identifier{device}, Consent: j.decide("cookie", device.Value, "unify_behaviour", "", "grant", "banner")}
	j.add(source, j.at, e).person = -1
	j.browse(source, device, logged)
	if !logged {
		for i := range j.steps {
			j.steps[i].person = -1
		}
	}
}

// choices are what a customer's browsers and app were told about browsing: granted or refused, by some withdrawn later, by half of those given again.
func (j *journey) choices() {
	for _, c := range []struct{ source, namespace, value string }{{"shop-fr", "cookie", j.p.cookie}, {"shop-fr", "cookie", j.p.cookie2}, {"app-maison", "device", j.p.device}} {
		if c.value == "" {
			continue
		}
		device := identifier{Namespace: c.namespace, Value: c.value, Proved: true}
		say := func(at time.Time, what string) {
			j.add(c.source, at, envelope{Type: "consent.decided", Identifiers: []identifier{device}, Consent: j.decide(c.namespace, c.value, "unify_behaviour", "", what, "banner")})
		}
		if !j.p.consents {
			say(j.at, "refuse")
			continue
		}
		say(j.at, "grant")
		if j.p.withdraws {
			gone := j.at.AddDate(0, 0, 20+j.r.IntN(60))
			say(gone, "withdraw")
			if chance(j.r, 50) {
				say(gone.AddDate(0, 0, 1+j.r.IntN(40)), "grant")
			}
		}
	}
}

func (j *journey) account() identifier {
	return identifier{Namespace: "customer", Value: j.p.account, Proved: true}
}

// browse is a log-in (or not), pages, products, a basket.
func (j *journey) browse(source string, device identifier, logged bool) {
	at := j.at.Add(10 * time.Second)
	ids := []identifier{device}
	if logged {
		ids = []identifier{j.account(), device}
		j.add(source, at, envelope{Type: "account.logged_in", Identifiers: ids, Traits: j.traits(), Data: plainData{"method": "password"}})
	}
	for range 1 + j.r.IntN(3) {
		at = at.Add(time.Duration(5+j.r.IntN(90)) * time.Second)
		p := pick(j.r, products)
		j.add(source, at, envelope{Type: "page.viewed", Identifiers: ids, Data: plainData{"path": "/" + p.category, "kind": "category"}})
		if chance(j.r, 60) {
			at = at.Add(time.Duration(5+j.r.IntN(60)) * time.Second)
			j.add(source, at, envelope{Type: "product.viewed", Identifiers: ids, Data: plainData{"sku": p.sku, "category": p.category}})
		}
	}
	if chance(j.r, 35) {
		total, lines := j.basket("EUR")
		ref := identifier{Namespace: "basket", Value: "B" + digits(j.number, 7)}
		j.add(source, at.Add(time.Minute), envelope{
			Type: "basket.updated", Identifiers: append(ids[:len(ids):len(ids)], ref),
			Data: goods{Total: &total, Lines: lines, State: pick(j.r, []string{"open", "abandoned"})},
		})
	}
}

// buyer is whom an order names: the account, or a guest with e-mail and phone.
func (j *journey) buyer(device identifier, logged bool) (ids []identifier, traits map[string]string) {
	switch {
	case logged && !j.p.guest:
		ids = []identifier{j.account()}
	case j.p.email != "":
		ids = append(ids, identifier{Namespace: "email", Value: mistyped(j.r, j.p.email, 1)})
		traits = j.traits()
		if j.p.phone != "" && chance(j.r, 60) {
			ids = append(ids, identifier{Namespace: "phone", Value: dialled(j.r, j.p.phone)})
		}
	case j.p.phone != "":
		ids, traits = append(ids, identifier{Namespace: "phone", Value: dialled(j.r, j.p.phone)}), j.traits()
	}
	return append(ids, device), traits
}

// order is an order of site or app: shipped, or collected in a shop piece by piece; some come back, to any shop, by the order number alone.
func (j *journey) order(source string, device identifier, logged bool) {
	at := j.at.Add(15 * time.Minute)
	number := "W" + digits(j.number, 7)
	total, lines := j.basket("EUR")
	ids, traits := j.buyer(device, logged)
	e := envelope{Type: "order.placed", Identifiers: append(ids, orderReference(number)), Traits: traits}
	data := goods{Total: &total, Lines: lines, Fulfilment: "ship"}
	collect := chance(j.r, 40)
	till := j.till()
	if collect {
		data.Fulfilment, data.CollectStore = "collect", sourceOf(till).Store
	} else if chance(j.r, 10) {
		data.Recipient = &otherPerson{GivenName: pick(j.r, givenNames), FamilyName: pick(j.r, familyNames), City: pick(j.r, towns).city}
	}
	e.Data = data
	placed := len(j.steps)
	j.add(source, at, e)
	j.trouble(placed)
	if collect {
		j.collect(till, number, lines, at)
	} else {
		j.shipped(source, number, at)
	}
	if j.p.returns && chance(j.r, 18) {
		j.bringBack(number, lines, at)
	}
}

func (j *journey) shipped(source, number string, at time.Time) {
	for i, state := range []string{"shipped", "delivered"} {
		j.add(source, at.Add(time.Duration(24*(i+1)+j.r.IntN(12))*time.Hour), envelope{Type: "order.state_changed", Identifiers: []identifier{orderReference(number)}, Data: orderState{State: state}})
	}
}

// collect makes the order ready and hands it over piece by piece; a piece that does not please stays in the shop.
func (j *journey) collect(till, number string, lines []line, at time.Time) {
	store := sourceOf(till).Store
	pieces := func(state func(i int) string) []piece {
		var out []piece
		seen := map[string]int{}
		for i, l := range lines {
			for range l.Quantity {
				seen[l.SKU]++
				out = append(out, piece{SKU: l.SKU, Number: seen[l.SKU], State: state(i)})
			}
		}
		return out
	}
	ref := []identifier{orderReference(number)}
	ready := at.Add(time.Duration(2+j.r.IntN(24)) * time.Hour)
	j.add(till, ready, envelope{Type: "order.state_changed", Identifiers: ref, Data: orderState{State: "ready", Store: store, Pieces: pieces(func(int) string { return "ready" })}})
	left := -1
	if len(lines) > 1 && chance(j.r, 20) {
		left = j.r.IntN(len(lines))
	}
	j.add(till, ready.Add(time.Duration(1+j.r.IntN(72))*time.Hour), envelope{
		Type: "order.state_changed", Identifiers: ref,
		Data: orderState{State: "collected", Store: store, Pieces: pieces(func(i int) string {
			if i == left {
				return "returned"
			}
			return "collected"
		})},
	})
}

// bringBack returns an article in a shop with nothing but the order number. Rarely the order event itself is delayed and comes after.
func (j *journey) bringBack(number string, lines []line, at time.Time) {
	till := pick(j.r, tills[:3])
	back := at.AddDate(0, 0, 4+j.r.IntN(15))
	j.add(till, back, envelope{
		Type: "return", Identifiers: []identifier{orderReference(number)},
		Data: goods{Total: &money{lines[0].Amount, "EUR"}, Lines: lines[:1], Reason: "taste"},
	})
	if chance(j.r, 10) {
		for i := range j.steps {
			if j.steps[i].event.Type == "order.placed" {
				j.steps[i].sent, j.steps[i].first = back.Add(3*time.Hour), back.Add(3*time.Hour)
			}
		}
	}
}

// app is a visit to the mobile application.
func (j *journey) app() {
	device := identifier{Namespace: "device", Value: j.p.device, Proved: true}
	ids := []identifier{device}
	logged := chance(j.r, 70)
	if logged {
		ids = []identifier{j.account(), device}
	}
	at := j.at.Add(5 * time.Second)
	j.add("app-maison", at, envelope{Type: "app.opened", Identifiers: ids, Data: plainData{"app_version": "5.2.1"}})
	for range 1 + j.r.IntN(3) {
		at = at.Add(time.Duration(4+j.r.IntN(40)) * time.Second)
		j.add("app-maison", at, envelope{Type: "screen.viewed", Identifiers: ids, Data: plainData{"name": pick(j.r, []string{"home", "search", "wallet", "stores", "offers"})}})
	}
	if chance(j.r, 20) {
		j.order("app-maison", device, logged)
	}
}

// confirm ties e-mail and phone to the account, confirmed by a code.
func (j *journey) confirm() {
	ids := []identifier{j.account()}
	if j.p.email != "" {
		ids = append(ids, identifier{Namespace: "email", Value: j.p.email, Proved: true})
	}
	if j.p.phone != "" && chance(j.r, 50) {
		ids = append(ids, identifier{Namespace: "phone", Value: j.p.phone, Proved: true})
	}
	j.add("shop-fr", j.at, envelope{Type: "identifier.provided", Identifiers: ids, Traits: j.fullTraits()})
}
