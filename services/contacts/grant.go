package contacts

import (
	"time"

	"rcu/pkg/consent"
)

// grant is what permits one purpose on one point: a decision, or a sale that stands for one.
type grant struct {
	decision consent.Decision
	found    bool // a purpose that nobody decided about may hold without
	sale     bool
	ends     []int64 // times at which it may end by itself; 0 = none
}

// granted finds what permits a purpose on a point now. A sale stands for a consent where nothing was decided, for goods of its family alone.
func granted(x consent.Point, need consent.PurposeChannel, family string, now int64) (grant, bool) {
	h := x.Register.History(need.Purpose, need.Channel)
	if x.AllowedAt(need.Purpose, need.Channel, now) {
		d, found := holding(h, now)
		return grant{decision: d, found: found, ends: []int64{h.NextBoundary(now), x.QuietEnd(need.Purpose, need.Channel, now)}}, true
	}
	sale, end, ok := x.SoftOptIn(need.Purpose, need.Channel, family, now)
	if !ok {
		return grant{}, false
	}
	sales := x.Register.History(consent.SaleOffer(family), "")
	return grant{decision: sale, found: true, sale: true, ends: []int64{h.NextBoundary(now), sales.NextBoundary(now), end}}, true
}

// holding is the decision in force at a time.
func holding(h consent.History, now int64) (consent.Decision, bool) {
	for _, ds := range [][]consent.Decision{h.Said, h.Carried} {
		for i := len(ds) - 1; i >= 0; i-- {
			if ds[i].At <= now {
				return ds[i], true
			}
		}
	}
	return consent.Decision{}, false
}

// basisSoftOptIn is the basis of what a sale permits. It is never a consent.
const basisSoftOptIn = "soft_optin"

func (g grant) proof(pc consent.PurposeChannel) Proof {
	d := g.decision
	out := Proof{Purpose: string(pc.Purpose), Channel: pc.Channel, Decision: d.ID, DecidedAt: time.Unix(d.At, 0).UTC()}
	if g.sale {
		out.Basis = basisSoftOptIn
	}
	if d.Expires != 0 {
		out.ExpiresAt = timeOf(time.Unix(d.Expires, 0))
	}
	return out
}
