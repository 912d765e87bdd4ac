package resolver_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// story is one history: a few identifiers that nobody else has, over which people browse, buy, log in, agree and withdraw with two controllers of one
// space, and a steward parts and joins them.
type story struct {
	n        int
	rng      *rand.Rand
	shops    *rand.Rand // of what is sold and offered
	senders  *rand.Rand // of what is sent again
	sent     []sentGrant
	words    words
	browsed  []browsed
	bought   []bought
	sales    []sold   // with an offer to object
	acts     []act    // of later years; earlier ones count for nothing there
	cookies  []string // of the one site, of the other, and one that both see: two brands on one domain
	devices  []string // of the app, which the first site has
	mails    []string
	numbers  []string // of customers
	card     string
	sequence int
}

// sentGrant is a grant as its source sent it.
type sentGrant struct {
	said
	decision, told map[string]any
}

// sendAgain sends a grant once more under its id, now and then, as sources do that set the time anew with each attempt.
func (s *story) sendAgain(w *permitWorld) {
	if len(s.sent) == 0 || s.senders.IntN(8) > 0 {
		return
	}
	g := s.sent[s.senders.IntN(len(s.sent))]
	d, decision, told := g.said, maps.Clone(g.decision), maps.Clone(g.told)
	d.at = w.now.Add(-time.Minute - time.Duration(s.senders.IntN(6*24*60))*time.Minute).Unix()
	decision["decided_at"] = time.Unix(d.at, 0).UTC().Format(time.RFC3339)
	told["consent"] = list(decision)
	s.words = append(s.words, d)
	w.take("web", d.controller, marshal(told))
}

// browsed is one event of browsing.
type browsed struct {
	id, controller, device string
	at                     int64
	collect                bool // the reference permits its collection, by what was known when it came
}

// bought is one order in a shop that set a cookie.
type bought struct {
	id, controller, cookie string
	keeps                  bool // the reference permits to keep its cookie
}

func newStory(n int, seed uint64) *story {
	name := func(s string) string { return fmt.Sprintf("%s%d", s, n) }
	return &story{
		n: n, rng: rand.New(rand.NewPCG(seed, uint64(n))), shops: rand.New(rand.NewPCG(seed+1, uint64(n))),
		senders: rand.New(rand.NewPCG(seed+2, uint64(n))), numbers: []string{name("UA"), name("UB")},
		cookies: []string{name("ck-a-"), name("ck-b-"), name("ck-s-")}, devices: []string{name("app-")},
		mails: []string{name("a") + "@example.fr", name("b") + "@example.fr"}, card: fmt.Sprintf("29900%08d", n),
	}
}

func pick[T any](s *story, list ...T) T { return list[s.rng.IntN(len(list))] }
func (s *story) chance(p float64) bool  { return s.rng.Float64() < p }
func (s *story) id() string             { s.sequence++; return fmt.Sprintf("h%d-%d", s.n, s.sequence) }

// sites are the shops that see a device.
func (s *story) sites(device string) []string {
	switch device {
	case s.cookies[1]:
		return []string{digital}
	case s.cookies[2]:
		return []string{retail, digital}
	}
	return []string{retail}
}

// site is one of the shops that see a device.
func (s *story) site(device string) string { return pick(s, s.sites(device)...) }

// browsers are the devices on which browsing happens.
func (s *story) browsers() []string { return slices.Concat(s.cookies, s.devices) }

// of is the namespace of a device.
func (s *story) of(device string) identifier.Namespace {
	if slices.Contains(s.devices, device) {
		return identifier.Device
	}
	return identifier.Cookie
}

func (s *story) who() string { return pick(s, retail, retail, digital) }
func (s *story) past(now time.Time) time.Time {
	return now.Add(-time.Minute - time.Duration(s.rng.IntN(6*24*60))*time.Minute).Truncate(time.Second)
}

// step lets one thing happen.
func (s *story) step(w *permitWorld) {
	at, who := s.past(w.now), s.who()
	when := at.Format(time.RFC3339)
	switch s.rng.IntN(14) {
	case 0, 1, 2:
		s.browse(w, at)
	case 3:
		cookie := pick(s, s.cookies...)
		w.take("web", s.site(cookie), j(s.id(), "account.logged_in", when, list(proved("customer", pick(s, s.numbers...)), is("cookie", cookie)), map[string]any{"method": "password"}))
	case 4:
		s.order(w, when)
	case 5:
		s.sell(w, who, at)
	case 6:
		w.take("web", who, j(s.id(), "order.placed", when, list(proved("customer", pick(s, s.numbers...)), proved("email", pick(s, s.mails...)), is("order", s.id())), euros(700)))
	case 7:
		s.act(w, at)
	case 8:
		w.take("callcentre", who, j(s.id(), "case.opened", when, list(is("customer", pick(s, s.numbers...)), is("email", pick(s, s.mails...)), is("case", s.id())), map[string]any{"kind": "question"}))
	case 9:
		device := pick(s, s.devices...)
		w.take("mobile", s.site(device), j(s.id(), "order.placed", when, list(proved("customer", pick(s, s.numbers...)), is("device", device), is("order", s.id())), euros(300)))
	default:
		s.decide(w, who, at)
	}
	s.sendAgain(w)
}

func (s *story) browse(w *permitWorld, at time.Time) {
	b := browsed{id: s.id(), device: pick(s, s.browsers()...), at: at.Unix()}
	b.controller = s.site(b.device)
	ids := list(is(string(s.of(b.device)), b.device))
	if s.chance(.5) {
		ids = append(ids, proved("customer", pick(s, s.numbers...)))
	}
	b.collect = s.words.thenAndNow(b.controller, b.device, "unify_behaviour", b.at, w.now.Unix())
	s.browsed = append(s.browsed, b)
	if s.of(b.device) == identifier.Device {
		w.take("mobile", b.controller, j(b.id, "screen.viewed", at.Format(time.RFC3339), ids, map[string]any{"name": "home"}))
		return
	}
	w.take("web", b.controller, j(b.id, "page.viewed", at.Format(time.RFC3339), ids, map[string]any{"path": "/"}))
}

// come lets some people buy again, after a long time.
func (s *story) come(w *permitWorld) {
	if s.chance(.5) {
		return
	}
	a := act{controller: s.who(), mail: pick(s, s.mails...), at: w.now.Unix()}
	s.acts = append(s.acts, a)
	w.take("store", a.controller, j(s.id(), "sale", w.now.Format(time.RFC3339), list(is("email", a.mail), is("ticket", s.id())), euros(900)))
}

// sell sells in a store; to some, who give their address there, it is offered to object to offers of the like. Some of these sales are taken back.
func (s *story) sell(w *permitWorld, who string, at time.Time) {
	mail, data, id, ticket := pick(s, s.mails...), euros(900), s.id(), is("ticket", s.id())
	when := at.Format(time.RFC3339)
	var steps []string
	if family := s.family(); family != "" {
		x := sold{controller: who, mail: mail, family: family, at: at.Unix(), back: s.shops.IntN(3) == 0}
		data["soft_optin"] = list(map[string]any{"point": is("email", mail), "family": x.family, "notice": map[string]any{"id": "n1", "version": "1", "language": "fr"}})
		if x.back {
			named := list(proved("card", s.card), ticket)
			if x.awaited = s.shops.IntN(2) == 0; !x.awaited {
				named = append(named, is("email", mail))
			}
			steps = append(steps, j(s.id(), "event.retracted", when, named, map[string]any{"id": id, "type": "sale"}))
		}
		s.sales = append(s.sales, x)
	}
	steps = append(steps, j(id, "sale", when, list(proved("card", s.card), is("email", mail), ticket), data))
	if s.shops.IntN(4) > 0 { // mostly a sale comes before it is taken back
		slices.Reverse(steps)
	}
	for _, raw := range steps {
		w.take("store", who, raw)
	}
}

// family is one of products, or none.
func (s *story) family() string {
	return append([]string{""}, productFamilies...)[s.shops.IntN(1+len(productFamilies))]
}

// order is placed in a browser.
func (s *story) order(w *permitWorld, when string) {
	b := bought{id: s.id(), cookie: pick(s, s.cookies...)}
	b.controller = s.site(b.cookie)
	at, _ := time.Parse(time.RFC3339, when)
	b.keeps = s.words.thenAndNow(b.controller, b.cookie, "unify_behaviour", at.Unix(), w.now.Unix())
	s.bought = append(s.bought, b)
	w.take("web", b.controller, j(b.id, "order.placed", when, list(is("email", pick(s, s.mails...)), is("cookie", b.cookie), is("order", s.id())), euros(500)))
}

// decide agrees or denies, at the point itself or brought from elsewhere; some grants end soon. Many come long after they were decided.
func (s *story) decide(w *permitWorld, who string, at time.Time) {
	d := said{controller: who, at: at.Unix()}
	d.denies = pick(s, 0, 0, 0, 1, 2, 3)
	ns := identifier.Email
	switch s.rng.IntN(5) {
	case 0, 1:
		d.point, d.purpose = pick(s, s.browsers()...), pick(s, "unify_behaviour", "unify_behaviour", "unify_behaviour", "personalise")
		ns, d.controller = s.of(d.point), s.site(d.point)
	case 2:
		d.point, d.purpose, d.channel = pick(s, s.mails...), "marketing", "email"
	case 3:
		d.point, d.purpose = pick(s, s.mails...), pick(s, "profiling", "store_view_web", "analytics_individual")
	case 4:
		ns, d.point, d.purpose = identifier.Customer, pick(s, s.numbers...), pick(s, "profiling", "store_view_web", "analytics_individual")
	}
	if d.denies == 0 && s.chance(.3) {
		d.expires = w.now.Add(time.Duration(s.rng.IntN(72*60)) * time.Minute).Truncate(time.Minute).Unix()
	}
	d.carried = d.denies == 0 && s.chance(.25)
	s.say(w, ns, d)
}

// withdraw denies some of what may have been granted, now.
func (s *story) withdraw(w *permitWorld) {
	now := w.now.Unix()
	for _, c := range s.browsers() {
		if s.chance(.5) {
			s.say(w, s.of(c), said{controller: s.site(c), point: c, purpose: "unify_behaviour", denies: 2, at: now})
		}
	}
	for _, m := range s.mails {
		if s.chance(.5) {
			s.say(w, identifier.Email, said{controller: s.who(), point: m, purpose: "marketing", channel: "email", denies: 2, at: now})
		}
	}
	s.say(w, identifier.Customer, said{controller: s.who(), point: pick(s, s.numbers...), purpose: pick(s, "profiling", "store_view_web"), denies: 3, at: now})
}

// say tells a decision.
func (s *story) say(w *permitWorld, ns identifier.Namespace, d said) {
	m := map[string]any{
		"point": is(string(ns), d.point), "purpose": d.purpose, "decision": []string{"grant", "refuse", "withdraw", "object"}[d.denies],
		"decided_at": time.Unix(d.at, 0).UTC().Format(time.RFC3339), "act": "banner", "notice": map[string]any{"id": "n1", "version": "1", "language": "fr"},
	}
	if d.channel != "" {
		m["channel"] = d.channel
	}
	if d.carried {
		m["method"] = "carried"
	}
	if d.expires != 0 {
		m["expires_at"] = time.Unix(d.expires, 0).UTC().Format(time.RFC3339)
	}
	calls := ns.Kind() == identifier.KindPerson && s.chance(.3)
	waits := ns == identifier.Email && d.denies == 0 && !d.carried && !calls && s.chance(.2)
	d.id = s.id()
	if waits {
		m["act"] = "web_form" // of whoever typed the address: it waits for its confirmation
	} else {
		s.words = append(s.words, d)
	}
	told := map[string]any{"id": d.id, "type": "consent.decided", "occurred_at": w.now.Format(time.RFC3339), "consent": list(m)}
	if calls { // said to an agent, while they spoke
		m["act"] = "call_recorded"
		told["type"], told["identifiers"], told["data"] = "call.ended", list(is("call", s.id())), map[string]any{"duration_seconds": 60, "outcome": "answered"}
		w.take("callcentre", d.controller, marshal(told))
		return
	}
	w.take("web", d.controller, marshal(told))
	if d.denies == 0 && !waits {
		s.sent = append(s.sent, sentGrant{d, m, told})
	}
}

// act is what a steward decides about two of the identifiers.
func (s *story) act(w *permitWorld, at time.Time) {
	key := func(ns identifier.Namespace, value string) identifier.Key {
		return identifier.KeyOf(ns, w.ring.Pseudonym(space, ns, value))
	}
	x, y := key(identifier.Email, pick(s, s.mails...)), key(identifier.Customer, pick(s, s.numbers...))
	if s.chance(.3) {
		x = key(identifier.Card, s.card)
	}
	if identity.Lesser(y, x) {
		x, y = y, x
	}
	w.append(stream.TopicActs, []byte(x.Value), &eventpb.Act{
		Space: space, Id: s.id(), T: at.Unix(), Actor: "steward", Op: pick(s, "ban", "together", "clear"), A: identifierMessage(x), B: identifierMessage(y),
	})
}
