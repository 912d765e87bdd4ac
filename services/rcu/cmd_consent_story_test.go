package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/contact"
	"rcu/pkg/identifier"
	"rcu/services/contacts"
)

// contactStory tells a random history to the service and to a file of facts at the same time.
type contactStory struct {
	*contactWorld
	contactHistory
	r      *rand.Rand
	n      int
	people map[string][]contactPoint
	open   []map[string]any // contacts that were asked for, as the service was
	sales  []contactSale
	waits  []map[string]any // grants that wait for their confirmation
}

type contactSale struct {
	id     string
	point  contactPoint
	family string
}

var contactPeople = map[string][]contactPoint{
	"anna": {{"email", "anna@example.com"}, {"email", "a@example.org"}, {"phone", "+33612345678"}},
	"bob":  {{"phone", "+262692123456"}, {"customer", "4711"}},
	"":     {{"device", "dev-1"}},
}

// contactDays begin histories: the clock put forward, Easter, days of May, an ordinary week.
var contactDays = []time.Time{
	time.Date(2026, 3, 26, 8, 0, 0, 0, time.UTC), time.Date(2026, 4, 2, 16, 0, 0, 0, time.UTC), time.Date(2026, 5, 6, 10, 0, 0, 0, time.UTC),
	time.Date(2026, 9, 7, 7, 0, 0, 0, time.UTC), time.Date(2026, 9, 9, 12, 0, 0, 0, time.UTC),
}

func pick[T any](s *contactStory, list ...T) T {
	return list[s.between(0, len(list)-1)]
}

// between draws a number, both ends among them, none more often than another.
func (s *contactStory) between(least, most int) int { return least + s.r.IntN(most-least+1) }

func (s *contactStory) chance(n int) bool { return s.between(1, n) == 1 }

// who draws a person, and one of their points.
func (s *contactStory) who() (name string, p contactPoint) {
	name = pick(s, "anna", "anna", "bob", "")
	points := s.people[name]
	return name, points[s.between(0, len(points)-1)]
}

// near lists the points of the person whose point it is.
func (s *contactStory) near(name string, p contactPoint) []contactPoint {
	if name == "" {
		return []contactPoint{p}
	}
	return s.people[name]
}

func clock(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (s *contactStory) id() string { s.n++; return fmt.Sprintf("d%03d", s.n) }

// channelOf is a channel that reaches a point.
func (s *contactStory) channelOf(p contactPoint) string {
	switch p.Namespace {
	case "email":
		return "email"
	case "phone":
		return pick(s, "sms", "phone")
	case "device":
		return "push"
	default:
		return "post"
	}
}

// told writes a fact down; one that is heard late says when.
func (s *contactStory) told(kind string, at time.Time, when string, fact map[string]any) {
	fact["kind"], fact[when] = kind, clock(at)
	if !at.Equal(s.now) {
		fact["recorded_at"] = clock(s.now)
	}
	s.facts = append(s.facts, fact)
}

// happened is when something that is heard of now happened.
func (s *contactStory) happened() time.Time {
	switch {
	case s.chance(12):
		return s.now.AddDate(0, -s.between(30, 40), 0)
	case s.chance(2):
		return s.now.Add(-time.Duration(s.between(1, 40*3600)) * time.Second)
	}
	return s.now
}

// decides is a decision of somebody about a purpose of contacts, sometimes of all their points.
func (s *contactStory) decides(grant bool) {
	name, p := s.who()
	s.decidesAt(name, p, s.channelOf(p), grant)
}

// decidesAt is a decision about one point and channel.
func (s *contactStory) decidesAt(name string, p contactPoint, channel string, grant bool) {
	pc := consent.PurposeChannel{Purpose: consent.Marketing, Channel: channel}
	switch {
	case channel == "sms" && s.chance(4):
		pc.Purpose = consent.ClientelingContact
	case !grant && s.chance(3):
		pc = consent.PurposeChannel{Purpose: consent.AnalyticsIndividual}
	}
	at, id := s.happened(), s.id()
	d := consent.Decision{At: at.Unix(), ID: id, Dec: consent.Grant}
	fact := map[string]any{"id": id, "controller": "retail", "point": p, "purpose": pc.Purpose, "decision": "grant"}
	if pc.Channel != "" {
		fact["channel"] = pc.Channel
	}
	points := []contactPoint{p}
	info, _ := consent.PurposeOf(pc.Purpose)
	switch {
	case grant:
		fact["proof"] = map[string]any{"type": "signature", "sha256": strings.Repeat("a", 64)}
		fact["notice"] = map[string]any{"id": pc.Purpose, "version": "1", "language": "fr"}
		fact["act"] = "store_tablet_signed"
		if s.chance(4) {
			d.Expires = at.Add(time.Duration(s.between(1, 20*86400)) * time.Second).Unix()
			fact["expires_at"] = clock(time.Unix(d.Expires, 0))
		}
		if d.Carried = s.chance(5); d.Carried {
			fact["method"], fact["act"] = "carried", "import"
		} else if p.Namespace == "email" && s.chance(4) {
			fact["act"] = "web_form"
			delete(fact, "expires_at")
			s.waits = append(s.waits, fact)
			d.Dec = consent.None
		}
		d.Expires = info.EndOn(channel, d.At, d.Expires)
	default:
		fact["decision"] = pick(s, "refuse", "withdraw", "object")
		d.Dec = map[string]consent.Dec{"refuse": consent.Refuse, "withdraw": consent.Withdraw, "object": consent.Object}[fact["decision"].(string)]
		if name != "" && s.chance(3) {
			delete(fact, "point")
			fact["person"], points = name, s.people[name]
		}
	}
	s.told("decision", at, "decided_at", fact)
	if d.Dec != consent.None {
		s.join(points, pc, d)
	}
}

// confirms ends the waiting of grants that nobody denied since, in time: the product takes no other confirmation.
func (s *contactStory) confirms() {
	for _, g := range s.waits {
		decided, _ := time.Parse(time.RFC3339, g["decided_at"].(string))
		denied := false
		for _, f := range s.facts {
			at, _ := f["decided_at"].(string)
			denied = denied || f["kind"] == "decision" && f["decision"] != "grant" && f["decision"] != "confirm" && at >= clock(decided) && (f["point"] == g["point"] || f["person"] != nil)
		}
		if denied || s.now.Sub(decided) >= 6*24*time.Hour {
			continue
		}
		id := consent.ConfirmationID(g["id"].(string), decided.Unix())
		s.told("decision", s.now, "decided_at", map[string]any{
			"id": id, "controller": "retail", "point": g["point"], "purpose": g["purpose"], "channel": g["channel"], "decision": "confirm", "act": "confirmation",
			"confirms": g["id"], "proof": map[string]any{"type": "confirmation", "sha256": strings.Repeat("b", 64)},
		})
		s.join([]contactPoint{g["point"].(contactPoint)}, consent.PurposeChannel{Purpose: g["purpose"].(consent.Purpose), Channel: g["channel"].(string)}, consent.Decision{At: s.now.Unix(), ID: id, Dec: consent.Grant})
	}
	s.waits = nil
}

// sells at the till, with an offer to object, or takes a sale back.
func (s *contactStory) sells() {
	if len(s.sales) > 0 && s.chance(3) {
		x := s.sales[0]
		s.sales = s.sales[1:]
		s.told("retraction", s.now, "at", map[string]any{"controller": "retail", "sale": x.id})
		s.join([]contactPoint{x.point}, consent.PurposeChannel{Purpose: consent.SaleRetracted}, consent.Decision{Dec: consent.Withdraw, At: s.now.Unix(), ID: x.id})
		s.wantsAt(x.point, x.family)
		return
	}
	name, p := s.who()
	family := pick(s, "shoes", "coats")
	at, x := s.happened(), contactSale{s.id(), p, family}
	s.told("sale", at, "at", map[string]any{
		"id": x.id + "#0", "controller": "retail", "point": p, "family": family, "offered": map[string]any{"id": "marketing", "version": "1", "language": "fr"},
	})
	s.join([]contactPoint{p}, consent.PurposeChannel{Purpose: consent.SaleOffer(family)}, consent.Decision{Dec: consent.Grant, At: at.Unix(), ID: x.id + "#0"})
	s.told("activity", at, "at", map[string]any{"controller": "retail", "point": p}) // which stays when the sale is taken back
	s.acted(s.near(name, p), at)
	s.sales = append(s.sales, x)
}

// acts does something that keeps grants alive.
func (s *contactStory) acts() {
	name, p := s.who()
	s.told("activity", s.now, "at", map[string]any{"controller": "retail", "point": p})
	s.acted(s.near(name, p), s.now)
}

// masks somebody for a time, or says that they are a child.
func (s *contactStory) masks() {
	name := pick(s, "anna", "bob")
	if s.chance(2) {
		s.told("age", s.now, "from", map[string]any{"person": name, "band": "under_15"})
		s.join(s.people[name], consent.PurposeChannel{Purpose: consent.Minor.Purpose()}, consent.Decision{Dec: consent.Object, At: s.now.Unix(), ID: s.id()})
		return
	}
	until := s.now.Add(time.Duration(s.between(1, 72)) * time.Hour)
	mask := pick(s, consent.Restricted, consent.Deceased, consent.Erased)
	s.told("overlay", s.now, "from", map[string]any{"person": name, "mask": mask, "until": clock(until)})
	s.join(s.people[name], consent.PurposeChannel{Purpose: mask.Purpose()}, consent.Decision{Dec: consent.Object, At: s.now.Unix(), Expires: until.Unix(), ID: s.id()})
}

// wishes something about contacts, at one point or for all.
func (s *contactStory) wishes() {
	name, p := s.who()
	at := s.happened()
	fact := map[string]any{"controller": "retail", "point": p}
	points, w := []contactPoint{p}, contact.Wish{At: at.Unix()}
	if name != "" && s.chance(2) {
		delete(fact, "point")
		fact["person"], points, w.Wide = name, s.people[name], true
	}
	until := s.now.Add(time.Duration(s.between(1, 240)) * time.Hour)
	switch fact["wish"] = pick(s, "pause", "topic", "topic", "frequency", "frequency"); fact["wish"] {
	case "pause":
		fact["until"], w.Kind, w.Value = clock(until), contact.WishPause, until.Unix()
	case "topic":
		w.Kind, w.About, w.Value = contact.WishTopic, pick(s, "shoes", "baby", "mothers_day"), contact.Forever
		if fact["topic"] = w.About; s.chance(2) { // of a season
			fact["until"], w.Value = clock(until), until.Unix()
		}
	case "frequency":
		f := pick(s, contact.Unlimited, contact.Daily, contact.Weekly, contact.Monthly, contact.Never)
		fact["frequency"], w.Kind, w.Value = f.String(), contact.WishFrequency, int64(f)
		if s.chance(3) {
			w.About = s.channelOf(p)
			fact["channel"] = w.About
		}
	}
	if s.chance(5) {
		fact["decision"], w.Value = "grant", 0
	}
	s.told("wish", at, "decided_at", fact)
	s.wish(points, w)
}

// wants a contact, or goes on with one.
func (s *contactStory) wants() {
	if len(s.open) > 0 && s.chance(2) {
		body, step := pick(s, s.open[len(s.open)-1], s.open[len(s.open)-1], pick(s, s.open...)), pick(s, "reserve", "confirm", "confirm", "release", "refused")
		if s.goesOn(body, step); step == "refused" {
			s.wantsAt(body["point"].(contactPoint), "")
		}
		return
	}
	_, p := s.who()
	s.wantsAt(p, pick(s, "", "", "shoes", "coats"))
}

// wantsAt wants a contact at a point a moment later, for goods of a family.
func (s *contactStory) wantsAt(p contactPoint, family string) {
	s.now = s.now.Add(time.Second)
	body := map[string]any{
		"id": s.id(), "controller": "retail", "point": p, "channel": s.channelOf(p), "purpose": "marketing", "topic": pick(s, "shoes", "shoes/winter", "baby", "coats"),
	}
	if p.Namespace == "phone" && body["channel"] == "sms" && s.chance(4) {
		body["purpose"] = "clienteling_contact"
	}
	if family != "" {
		body["family"] = family
	}
	if s.chance(3) {
		body["places"] = []string{pick(s, "FR", "FR-67", "FR-974", "FR-971", "Pacific/Noumea")}
	}
	switch {
	case s.chance(15):
		body["purpose"] = "contract"
	case s.chance(3): // it needs more of the person, at whichever of their points that was said
		body["also"] = []map[string]any{pick(s, map[string]any{"purpose": "marketing", "channel": pick(s, "email", "sms", "push")}, map[string]any{"purpose": "analytics_individual"})}
	}
	s.open = append(s.open, body)
	s.goesOn(body, "reserve")
}

// goesOn takes a step, writes down what it changed, and keeps what was asked and answered.
func (s *contactStory) goesOn(body map[string]any, step string) {
	a := s.ask(step, body)
	if step == "reserve" || step == "confirm" {
		q := map[string]any{"step": step, "at": clock(s.now), "known_at": clock(s.now.Add(-time.Second))}
		maps.Copy(q, body)
		s.questions, s.answers = append(s.questions, q), append(s.answers, a)
	}
	went := ""
	switch {
	case body["purpose"] == "contract" && step != "refused":
	case a.Allowed && step == "reserve":
		if a.ExpiresAt.Equal(s.now.Add(15 * time.Minute)) { // else it was held before
			went = "reserved"
		}
	case a.Allowed:
		went = map[string]string{"confirm": contacts.StateMade, "release": contacts.StateReleased, "refused": contacts.StateRefused}[step]
	case step == "confirm" && a.Reason != string(contact.ReasonMade): // a refusal gives the place back
		went = contacts.StateReleased
	}
	if went == "" {
		return
	}
	fact := map[string]any{"step": went}
	maps.Copy(fact, body)
	s.told("contact", s.now, "at", fact)
}

// goes on for some steps, a second apart or more.
func (s *contactStory) tell() {
	for name, points := range s.people {
		for _, p := range points {
			if name != "" {
				s.facts = append(s.facts, map[string]any{"kind": "member", "person": name, "point": p})
			}
		}
	}
	silent := 1 + 3*s.between(0, 1) // in some histories most agreed to most at first, in others nobody did
	for _, name := range []string{"anna", "bob", ""} {
		for _, p := range s.people[name] {
			for _, channel := range map[identifier.Namespace][]string{"email": {"email"}, "phone": {"sms", "phone"}, "device": {"push"}, "customer": {"post"}}[p.Namespace] {
				if !s.chance(silent) {
					s.now = s.now.Add(time.Second)
					s.decidesAt(name, p, channel, true)
				}
			}
		}
	}
	steps := s.between(10, 40)
	for range steps {
		s.now = s.now.Add(time.Duration(pick(s, 1, 1, 1, 60, 60, 600, 3600, 5*3600, 26*3600)+s.between(0, 59)) * time.Second)
		switch s.between(0, 19) {
		case 0, 1, 2, 3:
			s.decides(true)
		case 4:
			s.decides(false)
		case 5:
			s.sells()
		case 6:
			s.acts()
		case 7, 8:
			s.wishes()
		case 10:
			s.confirms()
		case 11:
			if s.chance(4) {
				s.masks()
			}
		default:
			s.wants()
		}
	}
}
