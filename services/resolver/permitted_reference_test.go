package resolver_test

import (
	"slices"
	"time"
)

// The reference of the whole-history test: what consent.md 3.5 to 3.9 permits, said once more in the plainest way, over the list of everything that
// people decided. It shares no line with the product: no register, no history, no kernel, and it looks at the whole list for every question.

// said is one decision as it was told.
type said struct {
	id                                  string // of who sent it
	controller, point, purpose, channel string
	denies                              int // 0 = a grant, then refuse, withdraw, object: the more protective the larger
	at, expires                         int64
	carried                             bool
}

// beats reports whether a holds over b: the later, at one instant the more protective, then the one that ends first.
func (a said) beats(b said) bool {
	end := func(d said) int64 {
		if d.expires == 0 {
			return 1 << 62
		}
		return d.expires
	}
	switch {
	case a.at != b.at:
		return a.at > b.at
	case a.denies != b.denies:
		return a.denies > b.denies
	}
	return end(a) < end(b)
}

// words are all decisions, in the order they were heard.
type words []said

// again reports whether a grant was said there before under its id: an act of a person happens once, whoever sends it again and with whatever time.
func (w words) again(g said) bool {
	return g.denies == 0 && slices.ContainsFunc(w, func(d said) bool {
		return d.id == g.id && d.at < g.at && d.controller == g.controller && d.point == g.point && d.purpose == g.purpose && d.channel == g.channel
	})
}

// holding is the decision that holds for a point at t: the latest that was said, or, where nothing was said, the latest grant that was carried.
func (w words) holding(controller, point, purpose, channel string, t int64) (best said, found bool) {
	for _, carried := range []bool{false, true} {
		for _, d := range w {
			if d.controller != controller || d.point != point || d.purpose != purpose || d.channel != channel || d.at > t {
				continue
			}
			if (d.carried && d.denies == 0) == carried && (!found || d.beats(best)) && !w.again(d) {
				best, found = d, true
			}
		}
		if found {
			return best, true
		}
	}
	return said{}, false
}

// granted reports whether a grant for the very point is in force at t.
func (w words) granted(controller, point, purpose, channel string, t int64) bool {
	d, found := w.holding(controller, point, purpose, channel, t)
	return found && d.denies == 0 && (d.expires == 0 || d.expires > t)
}

// thenAndNow reports whether a grant was in force when something happened and one is now.
func (w words) thenAndNow(controller, point, purpose string, then, now int64) bool {
	return w.granted(controller, point, purpose, "", then) && w.granted(controller, point, purpose, "", now)
}

// agreed reports whether a person agreed to something that is about the person: some point grants it, and no point denies it at that time or later.
func (w words) agreed(controller string, points []string, purpose string, now int64) bool {
	grantedAt := int64(-1)
	for _, p := range points {
		if d, _ := w.holding(controller, p, purpose, "", now); w.granted(controller, p, purpose, "", now) {
			grantedAt = max(grantedAt, d.at)
		}
	}
	return grantedAt >= 0 && !slices.ContainsFunc(points, func(p string) bool {
		d, found := w.holding(controller, p, purpose, "", now)
		return found && d.denies > 0 && d.at >= grantedAt
	})
}

// objected reports whether some point denies what holds until somebody objects, and no point grants it later.
func (w words) objected(controller string, points []string, purpose string, now int64) bool {
	deniedAt, grantedAt := int64(-1), int64(-1)
	for _, p := range points {
		switch d, found := w.holding(controller, p, purpose, "", now); {
		case found && d.denies > 0:
			deniedAt = max(deniedAt, d.at)
		case found:
			grantedAt = max(grantedAt, d.at)
		}
	}
	return deniedAt >= 0 && deniedAt >= grantedAt
}

// act is something that the person did with a controller, and the address they gave with it.
type act struct {
	controller, mail string
	at               int64
}

// quiet reports whether a grant of offers ended because the person did nothing for three years: neither when it was given nor by any act since.
func quiet(given int64, acts []act, controller string, now int64) bool {
	last := given
	for _, a := range acts {
		if a.controller == controller {
			last = max(last, a.at)
		}
	}
	return !time.Unix(last, 0).UTC().AddDate(3, 0, 0).After(time.Unix(now, 0))
}

// mayOffer reports whether some of the addresses has a grant of offers in force, of a person who did something in the last three years.
func (s *story) mayOffer(controller string, points []string, now int64) bool {
	return slices.ContainsFunc(points, func(point string) bool {
		d, _ := s.words.holding(controller, point, "marketing", "email", now)
		return s.words.granted(controller, point, "marketing", "email", now) && !quiet(d.at, s.acts, controller, now)
	})
}

// sold is a sale at which a person gave an address and was offered to object.
type sold struct {
	controller, mail, family string
	at                       int64
	back                     bool // its source took it back
	awaited                  bool // without a word of the address, and what tells it there has not heard
}

var productFamilies = []string{"shoes", "coats"}

// mayOfferLike reports whether a sale stands for a consent to offers of a family: nobody ever decided about offers to that very address, the controller
// sold such goods there, and the person did something in the last three years.
func (s *story) mayOfferLike(controller, mail, family string, now int64) bool {
	if _, decided := s.words.holding(controller, mail, "marketing", "email", now); decided {
		return false
	}
	return slices.ContainsFunc(s.sales, func(x sold) bool {
		return !x.back && x.controller == controller && x.mail == mail && x.family == family && x.at <= now && !quiet(x.at, s.acts, controller, now)
	})
}

// awaits reports whether a sale of a family at an address was taken back by its card alone, which the address hears of when the resolver catches up.
func (s *story) awaits(controller, mail, family string) bool {
	return slices.ContainsFunc(s.sales, func(x sold) bool {
		return x.awaited && x.controller == controller && x.mail == mail && x.family == family
	})
}

// heard says that nothing is waited for any more.
func (s *story) heard() {
	for i := range s.sales {
		s.sales[i].awaited = false
	}
}

// came reports whether the address itself was given with all the acts that keep its grant alive, so that it is surely one person's.
func (s *story) came(controller, mail string) bool {
	return !slices.ContainsFunc(s.acts, func(a act) bool { return a.controller == controller && a.mail != mail })
}
