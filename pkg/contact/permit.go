package contact

import (
	"slices"
	"time"

	"rcu/pkg/consent"
)

// Proof is what permits one purpose on a point: a decision, or a sale that stands for one.
type Proof struct {
	Topic    consent.PurposeChannel
	Decision consent.Decision
	Sale     bool
}

// Permit asks the register of the point, the first, for everything that the contact needs of it, then those of the person for the rest. One that cannot be
// read may have an overlay: it permits nothing.
func (p Plan) Permit(points []consent.Point, now int64) (Permission, []Proof) {
	if slices.ContainsFunc(points, func(x consent.Point) bool { return x.Unreadable }) {
		return Permission{Because: "unreadable register"}, nil
	}
	out := Permission{Allowed: true}
	no := func(pc consent.PurposeChannel) (Permission, []Proof) {
		return Permission{Because: "no permission for " + string(pc.Purpose)}, nil
	}
	var proof []Proof
	for _, need := range p.Needs {
		g, ok := granted(points[0], need, p.Family, now)
		if !ok {
			return no(need)
		}
		if o := consent.MaskedBy(points, need.Purpose, need.Channel, now); o != "" {
			return Permission{Because: "overlay " + string(o)}, nil
		}
		if g.found {
			since := time.Unix(g.Decision.At, 0)
			if out.Since.IsZero() || since.Before(out.Since) {
				out.Since = since
			}
			proof = append(proof, g.Proof)
		}
		for _, end := range g.ends {
			if end != 0 && (out.Until.IsZero() || time.Unix(end, 0).Before(out.Until)) {
				out.Until = time.Unix(end, 0)
			}
		}
	}
	mask := consent.Permissions(points, now)
	for _, need := range p.Also {
		if !mask.HasOn(need.Purpose, need.Channel) {
			return no(need)
		}
	}
	return out, proof
}

// grant is what permits one purpose on one point.
type grant struct {
	Proof
	found bool    // a purpose that nobody decided about may hold without
	ends  []int64 // times at which it may end by itself; 0 = none
}

// granted finds what permits a purpose on a point now. A sale stands for a consent where nothing was decided, for goods of its family alone.
func granted(x consent.Point, need consent.PurposeChannel, family string, now int64) (grant, bool) {
	h := x.Register.History(need.Purpose, need.Channel)
	if x.AllowedAt(need.Purpose, need.Channel, now) {
		d, found := h.At(now)
		return grant{Proof: Proof{Topic: need, Decision: d}, found: found, ends: []int64{h.NextBoundary(now), x.QuietEnd(need.Purpose, need.Channel, now)}}, true
	}
	sale, end, ok := x.SoftOptIn(need.Purpose, need.Channel, family, now)
	if !ok {
		return grant{}, false
	}
	sales := x.Register.History(consent.SaleOffer(family), "")
	return grant{Proof: Proof{Topic: need, Decision: sale, Sale: true}, found: true, ends: []int64{h.NextBoundary(now), sales.NextBoundary(now), end}}, true
}
