package resolver_test

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
	"rcu/services/contacts"
	"rcu/services/profileapi"
)

// permitFinding says what the product did without permission.
type permitFinding []string

func (f *permitFinding) add(format string, args ...any) {
	*f = append(*f, fmt.Sprintf(format, args...))
}

// permitted counts what was shown, so that a product that shows nothing does not pass.
type permitted map[string]int

// judge holds everything that the product shows of the stories to the reference: first what reads and contacts answer while the resolver is behind,
// then what it has told once it has caught up.
func (w *permitWorld) judge(stories []*story, shown permitted) permitFinding {
	var f permitFinding
	for _, s := range stories {
		w.judgeReads(s, &f, shown)
		w.judgeContacts(s, &f, shown)
	}
	w.catchUp()
	for _, s := range stories {
		s.heard()
	}
	w.judgeTold(stories, &f, shown)
	w.now = w.now.Add(36 * time.Hour) // nothing happens, and grants end
	w.catchUp()
	w.judgeTold(stories, &f, shown)
	for _, s := range stories {
		s.withdraw(w)
		w.judgeReads(s, &f, shown) // at once: the resolver has not heard of it
		w.judgeContacts(s, &f, shown)
	}
	w.catchUp()
	w.now = w.now.AddDate(1, 6, 0)
	for _, s := range stories {
		s.come(w)
	}
	w.catchUp()
	w.now = w.now.AddDate(1, 6, 0) // grants of offers end, of those who did not come meanwhile
	w.catchUp()
	w.judgeTold(stories, &f, shown)
	for _, s := range stories {
		w.judgeContacts(s, &f, shown)
	}
	return f
}

// judgeTold holds to the reference what was told of the stories, and what reads answer beside it.
func (w *permitWorld) judgeTold(stories []*story, f *permitFinding, shown permitted) {
	rows := w.rows()
	profiles := newestProfiles(messages[eventpb.Profile](w.t, w.topics[stream.TopicProfiles]))
	for _, s := range stories {
		w.judgeRows(s, rows, f, shown)
		w.judgeProfiles(s, profiles, f, shown)
		w.judgeReads(s, f, shown)
	}
}

// row is an event as ClickHouse shows it.
type row struct {
	person  string
	devices []string
}

// rows are the events on the log behind the resolver, with the person that overrides give them.
func (w *permitWorld) rows() map[string]row {
	if w.shown != nil {
		return w.shown()
	}
	return w.logged()
}

func (w *permitWorld) logged() map[string]row {
	t := w.t
	all := messages[eventpb.Resolved](t, w.topics[stream.TopicResolved])
	owners := shownOwners(messages[eventpb.Owner](t, w.topics[stream.TopicOwners]), all)
	out := map[string]row{}
	for _, m := range all {
		r := row{person: owners[m.GetEvent().GetId()]}
		for _, i := range m.GetEvent().GetIdentifiers() {
			if identifier.Namespace(i.GetNamespace()).Kind() == identifier.KindDevice {
				r.devices = append(r.devices, string(i.GetPseudonym()))
			}
		}
		out[m.GetEvent().GetId()] = r
	}
	return out
}

func (w *permitWorld) pseudonym(ns identifier.Namespace, value string) string {
	p := w.ring.Pseudonym(space, ns, value)
	return string(p[:])
}

// judgeRows: browsing is collected under a grant, and tied to a person under one then and now; the device of an order is kept under one.
func (w *permitWorld) judgeRows(s *story, rows map[string]row, f *permitFinding, shown permitted) {
	for _, b := range s.browsed {
		r, collected := rows[b.id]
		if collected != b.collect {
			f.add("collected is %v, not %v: %s", collected, b.collect, b.id)
		}
		if collected {
			shown["collected"]++
		}
		if r.person == "" {
			continue
		}
		shown["rows"]++
		if !s.words.thenAndNow(b.controller, b.device, "unify_behaviour", b.at, w.now.Unix()) {
			f.add("row of browsing tied to a person: %s", b.id)
		}
	}
	for _, b := range s.bought {
		if kept := slices.Contains(rows[b.id].devices, w.pseudonym(identifier.Cookie, b.cookie)); kept && !b.keeps {
			f.add("order with the device of %s", b.id)
		}
	}
}

// pages counts browsing, on sites and in the app.
func pages(counters map[string]int64) int64 {
	return counters["page.viewed"] + counters["screen.viewed"]
}

// judgeProfiles: what profiles count of browsing, and the permissions that exports go by.
func (w *permitWorld) judgeProfiles(s *story, profiles map[string]*eventpb.Profile, f *permitFinding, shown permitted) {
	now := w.now.Unix()
	values := map[string]string{} // pseudonym -> value
	for _, c := range s.browsers() {
		values[w.pseudonym(s.of(c), c)] = c
	}
	for _, m := range s.mails {
		values[w.pseudonym(identifier.Email, m)] = m
	}
	for _, c := range s.numbers {
		values[w.pseudonym(identifier.Customer, c)] = c
	}
	counted := map[string]int64{}
	for _, p := range profiles {
		var points []string
		for _, i := range p.GetIdentifiers() {
			if v, ours := values[string(i.GetPseudonym())]; ours {
				points = append(points, v)
			}
		}
		if len(points) == 0 {
			continue
		}
		counted[p.GetController()] += pages(p.GetCounters())
		w.judgeMask(s, p, points, f, shown)
		w.judgeSales(s, p, points, f, shown)
	}
	for _, controller := range []string{retail, digital} {
		most := int64(0)
		for _, b := range s.browsed {
			if b.controller == controller && b.collect && s.words.thenAndNow(controller, b.device, "unify_behaviour", b.at, now) {
				most++
			}
		}
		if shown["profiles"] += int(counted[controller]); counted[controller] > most {
			f.add("profiles of %s in story %d count %d pages, %d are permitted", controller, s.n, counted[controller], most)
		}
	}
}

// judgeMask: each permission of a profile rests on a grant for one of its points.
func (w *permitWorld) judgeMask(s *story, p *eventpb.Profile, points []string, f *permitFinding, shown permitted) {
	mask, controller, now := consent.Mask(p.GetPermissions()), p.GetController(), w.now.Unix()
	for _, e := range p.GetPermissionEnds() { // as the views of ClickHouse do
		if e.GetAt() <= now {
			mask &^= consent.Mask(e.GetPermissions())
		}
	}
	some := func(purpose, channel string) bool {
		return slices.ContainsFunc(points, func(point string) bool { return s.words.granted(controller, point, purpose, channel, now) })
	}
	for _, x := range []struct {
		has, may bool
		name     string
	}{
		{mask.HasOn(consent.Marketing, consent.ChannelEmail), s.mayOffer(controller, points, now), "marketing"},
		{mask.Has(consent.UnifyBehaviour), some("unify_behaviour", ""), "unify_behaviour"},
		{mask.Has(consent.Personalise), some("personalise", ""), "personalise"},
		{mask.Has(consent.Profiling), s.words.agreed(controller, points, "profiling", now), "profiling"},
		{mask.Has(consent.StoreViewWeb), s.words.agreed(controller, points, "store_view_web", now), "store_view_web"},
		{mask.Has(consent.AnalyticsIndividual), !s.words.objected(controller, points, "analytics_individual", now), "analytics_individual"},
	} {
		if x.has {
			shown["mask "+x.name]++
		}
		if x.has && !x.may {
			f.add("a profile of %s in story %d permits %s", controller, s.n, x.name)
		}
	}
}

// judgeSales: what a profile tells of sales rests on one, on an address of the profile.
func (w *permitWorld) judgeSales(s *story, p *eventpb.Profile, points []string, f *permitFinding, shown permitted) {
	for _, x := range p.GetSoftOptins() {
		if x.GetUntil() != 0 && x.GetUntil() <= w.now.Unix() {
			continue
		}
		shown["profile by a sale"]++
		if x.GetChannel() != "email" || !slices.ContainsFunc(points, func(point string) bool {
			return s.mayOfferLike(p.GetController(), point, x.GetFamily(), w.now.Unix())
		}) {
			f.add("sales of %s in story %d permit %s by %s", p.GetController(), s.n, x.GetFamily(), x.GetChannel())
		}
	}
}

var readPurposes = []string{"contract", "marketing", "unify_behaviour", "personalise", "store_view_web", "profiling"}

// judgeReads: what the profile API answers, as of now.
func (w *permitWorld) judgeReads(s *story, f *permitFinding, shown permitted) {
	now := w.now.Unix()
	for _, controller := range []string{retail, digital} {
		for _, purpose := range readPurposes {
			if s.chance(.75) {
				continue // reads are the dearest: each story is asked some of them, at each time others
			}
			point, ns := pick(s, s.mails...), identifier.Email
			if s.chance(.4) {
				point, ns = pick(s, s.numbers...), identifier.Customer
			}
			var a profileapi.Answer
			if code := w.ask(w.profiles, controller, "/v1/profiles/lookup", map[string]any{"identifier": is(string(ns), point), "purpose": purpose}, &a); code != http.StatusOK {
				require.Contains(w.t, []int{http.StatusNotFound, http.StatusForbidden}, code)
				continue
			}
			if a.Standing != "" {
				require.Empty(w.t, a.Record, "who stands for nobody has no record")
				continue
			}
			shown["read "+purpose]++
			if purpose == "marketing" {
				for _, c := range a.Contacts {
					if c.Permitted != nil && *c.Permitted && !s.mayOffer(controller, []string{c.Value}, now) {
						f.add("%s reads %s of story %d for marketing", controller, c.Namespace, s.n)
					}
				}
			}
			if purpose == "profiling" && !s.words.agreed(controller, s.membersOf(w, &a), purpose, now) {
				f.add("%s reads story %d for profiling", controller, s.n)
			}
			shown["pages "+purpose] += int(pages(a.Counters))
			if n := w.mostPages(s, controller, purpose, s.membersOf(w, &a)); pages(a.Counters) > n {
				f.add("%s reads %d pages of story %d for %s, %d are permitted", controller, pages(a.Counters), s.n, purpose, n)
			}
		}
	}
}

// membersOf lists the values of the identifiers that an answer is about.
func (s *story) membersOf(w *permitWorld, a *profileapi.Answer) (out []string) {
	names := append(slices.Clone(a.Also), a.RCUID)
	for ns, values := range map[identifier.Namespace][]string{identifier.Cookie: s.cookies, identifier.Device: s.devices, identifier.Email: s.mails, identifier.Customer: s.numbers} {
		for _, v := range values {
			if slices.Contains(names, w.ring.Name(space, w.ring.Pseudonym(space, ns, v))) {
				out = append(out, v)
			}
		}
	}
	return out
}

// mostPages is how many pages a reader may see for a purpose at most.
func (w *permitWorld) mostPages(s *story, controller, purpose string, members []string) (n int64) {
	now := w.now.Unix()
	for _, b := range s.browsed {
		if b.controller != controller || !b.collect || !s.words.thenAndNow(controller, b.device, "unify_behaviour", b.at, now) {
			continue
		}
		points := append(slices.Clone(members), b.device)
		switch purpose {
		case "unify_behaviour":
			n++
		case "personalise":
			if s.words.granted(controller, b.device, purpose, "", now) {
				n++
			}
		case "store_view_web", "profiling":
			if s.words.agreed(controller, points, purpose, now) || s.words.agreed(controller, members, purpose, now) {
				n++
			}
		}
	}
	return n
}

// judgeContacts: a place is held for an advertisement just where that very address has a grant now, or was given at a sale of what it offers.
func (w *permitWorld) judgeContacts(s *story, f *permitFinding, shown permitted) {
	for _, controller := range []string{retail, digital} {
		for i, mail := range s.mails {
			body := map[string]any{"id": fmt.Sprintf("%d/%d/%d", s.n, i, w.now.Unix()), "point": is("email", mail), "channel": "email", "purpose": "marketing"}
			family := s.family()
			if family != "" {
				body["family"] = family
			}
			also := ""
			if s.senders.IntN(3) == 0 {
				also = []string{"profiling", "store_view_web", "analytics_individual"}[s.senders.IntN(3)]
				body["also"] = list(map[string]any{"purpose": also})
			}
			for _, step := range []string{"reserve", "confirm"} {
				var a contacts.Answer
				require.Equal(w.t, http.StatusOK, w.ask(w.contacts, controller, "/v1/contacts/"+step, body, &a))
				sale := s.mayOfferLike(controller, mail, family, w.now.Unix())
				want := sale || s.mayOffer(controller, []string{mail}, w.now.Unix())
				if a.Allowed {
					shown[step]++
				}
				if a.Allowed && sale {
					shown[step+" by a sale"]++
				}
				if s.awaits(controller, mail, family) {
					shown["taken back by a card alone"]++
					continue // either answer, until the resolver has heard
				}
				if also != "" {
					if a.Allowed {
						shown["also "+also]++
					}
					if want = want && s.mayAlso(controller, s.around(w, mail), also, w.now.Unix()); !want && a.Allowed {
						f.add("%s of %s in story %d also for %s", step, controller, s.n, also)
					}
					continue // what else the person said may keep it away
				}
				if a.Allowed && len(s.acts) > 0 {
					shown["kept alive"]++
				}
				if a.Allowed != want && (a.Allowed || w.stands(mail) && s.came(controller, mail)) {
					f.add("%s of %s in story %d is %v %s, not %v", step, controller, s.n, a.Allowed, a.Reason, want)
				}
			}
		}
	}
}

// mayAlso reports whether a person, by all of their points, permits what a contact needs beside its own purpose.
func (s *story) mayAlso(controller string, points []string, purpose string, now int64) bool {
	if purpose == "analytics_individual" {
		return !s.words.objected(controller, points, purpose, now)
	}
	return s.words.agreed(controller, points, purpose, now)
}

// around lists the values of the identifiers of whoever has an address, as far as the resolver has heard.
func (s *story) around(w *permitWorld, mail string) []string {
	k := identifier.KeyOf(identifier.Email, w.ring.Pseudonym(space, identifier.Email, mail))
	view, err := w.graph.View(w.t.Context(), space, []identifier.Key{k}, w.now.Unix())
	require.NoError(w.t, err)
	if view.Standing(k) != identity.Clean {
		return []string{mail}
	}
	var a profileapi.Answer
	for _, m := range view.Profile(k).Members {
		p, err := m.Pseudonym()
		require.NoError(w.t, err)
		a.Also = append(a.Also, w.ring.Name(space, p))
	}
	return s.membersOf(w, &a)
}

// stands reports whether an address stands for a person. What is done under one that stands for nobody is no sign of anybody's life.
func (w *permitWorld) stands(mail string) bool {
	k := identifier.KeyOf(identifier.Email, w.ring.Pseudonym(space, identifier.Email, mail))
	view, err := w.graph.View(w.t.Context(), space, []identifier.Key{k}, w.now.Unix())
	require.NoError(w.t, err)
	return view.Standing(k) == identity.Clean
}
