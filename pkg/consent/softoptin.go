package consent

import (
	"regexp"
	"slices"
	"strings"
)

// saleOfferPrefix begins the purpose of the fact that a point was given at a sale of the controller, where the person was offered to object.
const saleOfferPrefix = "soft_optin:"

var family = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)

// SaleRetracted is the purpose of the fact that a sale was taken back by its source: a `withdraw` whose id is that of the event, of the time of the sale,
// and at a point that the retraction names of the time of the retraction, too. Whatever that event offered stands for nothing, in whichever order the two
// come; other sales do as before.
const SaleRetracted Purpose = "sale_retracted"

// SaleOffer names the fact that stands in the register of a point for a family of products: the point was given at a sale of such goods, and the
// person was offered to object to similar offers. On Kafka it is a `grant` of the time of the sale, whose id begins with that of its event; a `withdraw`
// ends all sales of the family up to its time. It is no decision of the person and no consent: where nothing was ever decided it may stand for one
// (CPCE L.34-5).
func SaleOffer(family string) Purpose { return Purpose(saleOfferPrefix + family) }

// FamilyOf reads the family of products of a sale's offer.
func FamilyOf(p Purpose) (string, bool) {
	name, is := strings.CutPrefix(string(p), saleOfferPrefix)
	return name, is && IsFamily(name)
}

// IsOfSale reports whether a purpose is that of a fact of sales: what a source says of its own events, and no decision of the person.
func IsOfSale(p Purpose) bool {
	_, offer := FamilyOf(p)
	return offer || p == SaleRetracted
}

// IsFamily reports whether a text is the name of a family of products.
func IsFamily(name string) bool { return family.MatchString(name) }

// offered is the purpose for which a sale may stand for consent, and one of the channels on which it does: it ends on all of them alike.
var offered, offeredOn = func() (Info, string) {
	for _, i := range purposes {
		for _, c := range i.Channels {
			if i.On[c].SoftOptIn {
				return i, c
			}
		}
	}
	return Info{}, ""
}()

// SoftOptIn finds the sale that permits a purpose on the point at t, for goods of a family: of the register's controller, of that family, with an
// offer to object, where nobody decided anything about it on this point, no overlay masks it, and the person was not inactive for too long. end is
// when it ends because the person does nothing.
func (x Point) SoftOptIn(p Purpose, channel, family string, t int64) (sale Decision, end int64, ok bool) {
	info, known := PurposeOf(p)
	if x.Unreadable || !known || !info.On[channel].SoftOptIn || !Reaches(channel, x.Key.Namespace) || x.Register.MaskedBy(p, channel, t) != "" {
		return Decision{}, 0, false
	}
	if _, decided := x.Register.History(p, channel).At(t); decided {
		return Decision{}, 0, false
	}
	sale, found := x.Register.saleAt(SaleOffer(family), t)
	if !found || !sale.InForce(t) || x.Register.void(info, sale, t) {
		return Decision{}, 0, false
	}
	end = info.QuietEnd(channel, sale.At, x.LastAct)
	return sale, end, !over(end, t)
}

// SaleHeld is a sale that permits offers of its family on a point.
type SaleHeld struct {
	Family string
	At     int64 // when it was sold
	Until  int64 // when it ends because the person does nothing
}

// SalesOn lists the sales that permit a purpose on a channel of the point at t, by family.
func (x Point) SalesOn(p Purpose, channel string, t int64) []SaleHeld {
	var out []SaleHeld
	for _, name := range x.Register.Families() {
		if sale, end, ok := x.SoftOptIn(p, channel, name, t); ok {
			out = append(out, SaleHeld{name, sale.At, end})
		}
	}
	return out
}

// saleAt is the latest sale that an offer rests on at t, but for those that were taken back. What is forgotten permits nothing.
func (r Register) saleAt(offer Purpose, t int64) (Decision, bool) {
	said := r.History(offer, "").Said
	for i, d := range slices.Backward(said) {
		if d.At <= t && stands(said, i) && !r.takenBack(d) {
			return d, true
		}
	}
	return Decision{}, false
}

// takenBack reports whether the event of a sale was retracted. One that may have been forgotten was.
func (r Register) takenBack(sale Decision) bool {
	back := r.History(SaleRetracted, "").Said
	if len(back) == Kept && sale.At <= back[0].At {
		return true
	}
	event := sale.ID
	if i := strings.LastIndexByte(event, '#'); i >= 0 {
		event = event[:i]
	}
	return slices.ContainsFunc(back, func(d Decision) bool { return d.Denies() && d.ID == event })
}

// Families lists the families of products of which the point was given at a sale with an offer to object, in order.
func (r Register) Families() []string {
	var out []string
	for _, e := range r.entries {
		if name, is := FamilyOf(e.Purpose); is {
			out = append(out, name)
		}
	}
	return out
}

// SoftOptIn is what sales permit on a channel without a consent.
type SoftOptIn struct {
	Channel string
	Family  string
	Until   int64 // when it ends by itself; 0 = never
}

// MaxSoftOptIns bounds what is told of a profile.
const MaxSoftOptIns = 32

// SoftOptIns lists what sales permit now on some point of a person, by channel and family, and until when it surely holds: whoever keeps the list
// permits no longer although nothing happened. Beyond MaxSoftOptIns nothing is told: it is permitted once somebody asks for that point.
func SoftOptIns(points []Point, now int64) []SoftOptIn {
	if slices.ContainsFunc(points, func(x Point) bool { return x.Unreadable }) {
		return nil
	}
	var out []SoftOptIn
	for _, channel := range offered.Channels {
		if !offered.On[channel].SoftOptIn {
			continue
		}
		for _, name := range families(points) {
			until, ok := softOptInUntil(points, offered.Purpose, channel, name, now)
			if ok && len(out) < MaxSoftOptIns {
				out = append(out, SoftOptIn{channel, name, until})
			}
		}
	}
	return out
}

// softOptInUntil is when the last point ends that has a soft opt-in now.
func softOptInUntil(points []Point, p Purpose, channel, family string, now int64) (until int64, ok bool) {
	allowed := func(t int64) bool {
		return MaskedBy(points, p, channel, t) == "" && slices.ContainsFunc(points, func(x Point) bool {
			_, _, ok := x.SoftOptIn(p, channel, family, t)
			return ok
		})
	}
	if !allowed(now) {
		return 0, false
	}
	for at := nextBoundary(points, now); at != 0; at = nextBoundary(points, at) {
		if !allowed(at) {
			return at, true
		}
	}
	return 0, true
}

// families lists the families of all points, in order.
func families(points []Point) []string {
	var out []string
	for _, x := range points {
		out = append(out, x.Register.Families()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
