package demo

import "math/rand/v2"

// person is one customer of the chain, computed from the seed and the number.
type person struct {
	n                                   int
	given, family, birth                string
	email, phone, card, card2, account  string
	pay, device, cookie, cookie2        string
	town                                town
	language                            string
	consents, withdraws, returns, guest bool
}

// Streams of random numbers that must not disturb each other.
const (
	streamPerson  = 1 << 40
	streamJourney = 2 << 40
	streamPlan    = 3 << 40
	streamLoad    = 4 << 40
	streamBase    = 5 << 40
)

func random(seed uint64, stream, n int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(stream+n))) //nolint:gosec // wraps as it likes: a seed
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func chance(r *rand.Rand, percent float64) bool { return r.Float64()*100 < percent }

// personOf computes customer n. Every fourth lives with the one before and shares a family name and an e-mail, a phone or neither.
func personOf(seed uint64, n int) person {
	p := alone(seed, n)
	if n%4 != 3 {
		return p
	}
	r := random(seed, streamPerson, -n-1)
	other := alone(seed, n-1)
	p.town = other.town
	if chance(r, 80) {
		p.family = other.family
	}
	switch x := r.IntN(10); {
	case x < 4:
		p.email = other.email
	case x < 7:
		p.phone = other.phone
	}
	if chance(r, 40) {
		p.cookie2 = other.cookie // the family's computer
	}
	return p
}

func alone(seed uint64, n int) person {
	r := random(seed, streamPerson, n)
	p := person{n: n, given: pick(r, givenNames), family: pick(r, familyNames), town: pick(r, towns), language: "fr"}
	p.birth = digits(1940+r.IntN(66), 4) + "-" + digits(1+r.IntN(12), 2) + "-" + digits(1+r.IntN(28), 2)
	if p.town.city == "London" {
		p.language = "en"
	}
	id := n
	if chance(r, 85) {
		p.email = ascii(p.given) + "." + ascii(p.family) + digits(id, 5) + "@" + pick(r, []string{"example.com", "example.org", "example.net"})
	}
	if chance(r, 75) {
		p.phone = "06" + pick(r, []string{"1", "2", "4", "5", "6", "7", "8"}) + digits(id*7919%10_000_000, 7)
	}
	if chance(r, 60) {
		p.card = ean("29900" + digits(id, 7))
	}
	if p.card != "" && chance(r, 4) {
		p.card2 = ean("29901" + digits(id, 7))
	}
	if p.email != "" && chance(r, 60) {
		p.account = "C" + digits(id, 7)
	}
	if chance(r, 70) {
		p.pay = "tok_" + digits(id*104729%1_000_000_007, 10)
	}
	p.onScreens(r)
	return p
}

// onScreens gives the person an app, browsers, and a mind about consent.
func (p *person) onScreens(r *rand.Rand) {
	id := p.n
	if p.account != "" && chance(r, 50) {
		p.device = "app-" + digits(id*15485863%1_000_000_007, 10)
	}
	if chance(r, 75) {
		p.cookie = "ck-" + digits(id*32452843%1_000_000_007, 10)
	}
	if p.cookie != "" && chance(r, 25) {
		p.cookie2 = "ck-" + digits(id*49979687%1_000_000_007, 10) + "b"
	}
	p.consents, p.withdraws, p.returns = chance(r, 65), chance(r, 12), chance(r, 50)
	p.guest = p.account == "" || chance(r, 10)
}

// ean completes 12 digits with the check digit of EAN-13.
func ean(s string) string {
	sum := 0
	for i, c := range s {
		d := int(c - '0')
		if i%2 == 1 {
			d *= 3
		}
		sum += d
	}
	return s + string(rune('0'+(10-sum%10)%10))
}

// typed returns a text as it is typed anew: now and then with a slip.
func typed(r *rand.Rand, s string, percent float64) string {
	if len(s) < 4 || !chance(r, percent) {
		return s
	}
	b := []rune(s)
	i := 1 + r.IntN(len(b)-2)
	switch r.IntN(3) {
	case 0:
		b[i], b[i+1] = b[i+1], b[i]
	case 1:
		b = append(b[:i], b[i+1:]...)
	default:
		b[i] = pick(r, []rune("abcdefghijklmnopqrstuvwxyz"))
	}
	return string(b)
}

// mistyped changes the part of an e-mail before the @.
func mistyped(r *rand.Rand, email string, percent float64) string {
	for i := range email {
		if email[i] == '@' {
			return typed(r, email[:i], percent) + email[i:]
		}
	}
	return email
}

// spoken is the given name as its owner says it.
func spoken(r *rand.Rand, p person) string {
	if short, ok := shortNames[p.given]; ok && chance(r, 15) {
		return short
	}
	return typed(r, p.given, 3)
}

// dialled is the phone number as it gets written down.
func dialled(r *rand.Rand, phone string) string {
	switch r.IntN(3) {
	case 0:
		return "+33" + phone[1:]
	case 1:
		return phone[:2] + " " + phone[2:4] + " " + phone[4:6] + " " + phone[6:8] + " " + phone[8:]
	}
	return phone
}
