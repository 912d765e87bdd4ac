package identitytest

import (
	"math"
	"sort"

	"rcu/pkg/consent"
	"rcu/pkg/identity"
)

// said lists what was decided on v, the latest first, as far as it is kept.
func (o *Oracle) said(v string, p identity.Purpose, carried bool) []consent.Decision {
	var out []consent.Decision
	for _, d := range o.facts.Decisions {
		isCarried := d.Carried && d.Dec == consent.Grant
		if d.Point.Value == v && d.Purpose == p && isCarried == carried && o.linking(d.Point) {
			out = append(out, d.Decision)
		}
	}
	end := func(d consent.Decision) int64 {
		if d.Expires == 0 {
			return math.MaxInt64
		}
		return d.Expires
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		switch {
		case a.At != b.At:
			return a.At > b.At
		case a.Dec != b.Dec:
			return a.Dec > b.Dec
		case end(a) != end(b):
			return end(a) < end(b)
		}
		return a.ID > b.ID
	})
	return out[:min(len(out), 16)]
}

// allowed answers "yes", "no" or "unknown".
func (o *Oracle) allowed(v string, p identity.Purpose, t int64) string {
	for _, carried := range []bool{false, true} {
		ds := o.said(v, p, carried)
		for _, d := range ds {
			if d.At > t {
				continue
			}
			if d.Dec == consent.Grant && (d.Expires == 0 || d.Expires > t) {
				return "yes"
			}
			return "no"
		}
		if len(ds) == 16 {
			return "no"
		}
	}
	return "unknown"
}

func (o *Oracle) core(v string, t int64) bool { return o.allowed(v, identity.UnifyCore, t) != "no" }
func (o *Oracle) browse(v string, t int64) bool {
	return o.allowed(v, identity.UnifyBehaviour, t) == "yes"
}

// witnesses are the earliest sighting of each kind.
func (o *Oracle) witnesses(p [2]string) []sighting {
	type kind struct {
		behaviour, stated bool
		stampA, stampB    int64
	}
	byKind := map[kind]sighting{}
	for _, s := range o.seen[p] {
		k := kind{s.behaviour, s.stated, s.stampA, s.stampB}
		if w, known := byKind[k]; !known || s.t < w.t || s.t == w.t && s.id < w.id {
			byKind[k] = s
		}
	}
	var out []sighting
	for _, s := range byKind {
		out = append(out, s)
	}
	return out
}

func (o *Oracle) usable(p [2]string) verdict {
	a, b, now := p[0], p[1], o.facts.Now
	if o.actOn(p) == identity.Ban {
		return verdict{reason: "banned"}
	}
	for _, v := range p {
		if s := o.Standing(v); s != "clean" {
			return verdict{reason: s}
		}
	}
	coreNow := o.core(a, now) && o.core(b, now)
	if o.actOn(p) == identity.Together {
		if !coreNow {
			return verdict{reason: "permission"}
		}
		return verdict{strength: 255, t: o.pairAct[p].T}
	}
	if o.keys[a].Namespace == o.keys[b].Namespace && o.rule(a).Unique {
		return verdict{reason: "same_namespace"}
	}
	if o.weak(a, b) && (o.full(a, true) || o.full(b, true)) {
		return verdict{reason: "overflow"}
	}
	best := verdict{reason: "permission"}
	for _, w := range o.witnesses(p) {
		ok := coreNow && o.core(a, w.t) && o.core(b, w.t)
		for _, v := range p {
			if w.behaviour && o.rule(v).Device {
				ok = ok && o.browse(v, now) && o.browse(v, w.t)
			}
		}
		if !ok {
			continue
		}
		strength := 2 * min(o.rule(a).Strength, o.rule(b).Strength)
		if !w.stated {
			strength++
		}
		if best.reason != "" || strength > best.strength || strength == best.strength && w.t < best.t {
			best = verdict{"", strength, w.t}
		}
	}
	if best.reason != "" && coreNow {
		return o.probable(p)
	}
	return best
}
