package identitytest

import (
	"slices"
	"sort"

	"rcu/pkg/identity"
)

// divide finds the components and parts each into people.
func (o *Oracle) divide() {
	for p, v := range o.verdict {
		o.outcome[p] = "refused:" + v.reason
		if v.reason == "" {
			o.outcome[p] = "refused:overflow"
		}
	}
	any := func(v verdict) bool { return v.reason == "" }
	evidence := func(v verdict) bool { return v.reason == "" && v.strength > 1 }
	for _, c := range o.connected(o.all(), any) {
		if !o.tooLarge(c, any) {
			o.partition(c, any, 0)
			continue
		}
		for _, part := range o.connected(c, evidence) {
			if o.rules.AutoLink > 0 && !o.tooLarge(part, evidence) {
				o.partition(part, evidence, 3)
				continue
			}
			o.divideStrong(part)
		}
	}
}

// divideStrong parts what is too large by evidence alone.
func (o *Oracle) divideStrong(c []string) {
	strong := func(v verdict) bool { return v.reason == "" && v.strength >= 2*o.rules.Strong }
	for _, part := range o.connected(c, strong) {
		if !o.tooLarge(part, strong) {
			o.partition(part, strong, 1)
			continue
		}
		for _, v := range part {
			o.partition([]string{v}, strong, 2)
		}
	}
}

func (o *Oracle) all() []string {
	var out []string
	for v := range o.keys {
		out = append(out, v)
	}
	sort.Strings(out)
	return out
}

func (o *Oracle) inside(members []string, counts func(verdict) bool) [][2]string {
	var out [][2]string
	for p, v := range o.verdict {
		if counts(v) && slices.Contains(members, p[0]) && slices.Contains(members, p[1]) {
			out = append(out, p)
		}
	}
	return out
}

// connected returns the parts of members that edges that count connect.
func (o *Oracle) connected(members []string, counts func(verdict) bool) [][]string {
	label := map[string]string{}
	for _, v := range members {
		label[v] = v
	}
	for _, p := range o.inside(members, counts) {
		from, to := label[p[1]], label[p[0]]
		for v, l := range label {
			if l == from {
				label[v] = to
			}
		}
	}
	parts := map[string][]string{}
	for _, v := range members {
		parts[label[v]] = append(parts[label[v]], v)
	}
	var out [][]string
	for _, part := range parts {
		out = append(out, part)
	}
	return out
}

func (o *Oracle) tooLarge(members []string, counts func(verdict) bool) bool {
	return len(members) > o.rules.MaxNodes || len(o.inside(members, counts)) > o.rules.MaxEdges
}

// partition parts one component into people, greedily.
func (o *Oracle) partition(members []string, counts func(verdict) bool, level int) {
	group := map[string][]string{}
	together := map[string][]string{}
	for _, v := range members {
		group[v], together[v] = []string{v}, []string{v}
		o.Level[v] = level
	}
	edges := o.inside(members, counts)
	sort.Slice(edges, func(i, j int) bool { return o.before(edges[i], edges[j]) })
	for _, p := range edges {
		a, b := group[p[0]], group[p[1]]
		if slices.Contains(a, p[1]) {
			o.outcome[p] = "confirms"
			continue
		}
		if reason := o.refuses(p, a, b, together); reason != "" {
			o.outcome[p] = "refused:" + reason
			continue
		}
		o.outcome[p] = "joined"
		joined := append(slices.Clone(a), b...)
		for _, v := range joined {
			group[v] = joined
			if o.verdict[p].strength == 255 {
				together[v] = joined
			}
		}
	}
	for _, v := range members {
		naming := group[v][0]
		for _, w := range group[v] {
			if o.namesBefore(w, naming) {
				naming = w
			}
		}
		o.Naming[v] = naming
	}
}

func (o *Oracle) before(p, q [2]string) bool {
	x, y := o.verdict[p], o.verdict[q]
	ranks := func(p [2]string) (int, int) {
		a, b := o.rule(p[0]).Rank, o.rule(p[1]).Rank
		return min(a, b), max(a, b)
	}
	xBest, xOther := ranks(p)
	yBest, yOther := ranks(q)
	switch {
	case x.strength != y.strength:
		return x.strength > y.strength
	case x.t != y.t:
		return x.t < y.t
	case xBest != yBest:
		return xBest < yBest
	case xOther != yOther:
		return xOther < yOther
	case p[0] != q[0]:
		return p[0] < q[0]
	}
	return p[1] < q[1]
}

func (o *Oracle) refuses(p [2]string, a, b []string, together map[string][]string) string {
	for _, x := range a {
		for _, y := range b {
			if o.actOn(pairOf(x, y)) == identity.Ban {
				return "ban"
			}
		}
	}
	if o.verdict[p].strength == 255 {
		return ""
	}
	for _, x := range a {
		for _, y := range b {
			if o.keys[x].Namespace == o.keys[y].Namespace && o.rule(x).Unique {
				return "unique"
			}
		}
	}
	for _, x := range a {
		for _, y := range b {
			if o.apart(together[x], together[y], o.verdict[p].strength == 1) {
				return "person"
			}
		}
	}
	if o.overLimit(a, b) {
		return "limit"
	}
	return ""
}

// apart: both have claims that count, and every claim of the one contradicts every claim of the other. For a probable match all claims
// count of whom none is attested.
func (o *Oracle) apart(xs, ys []string, probable bool) bool {
	x, y := o.counting(xs, probable), o.counting(ys, probable)
	for _, c := range x {
		for _, d := range y {
			if !contradicts(c, d) {
				return false
			}
		}
	}
	return len(x) > 0 && len(y) > 0
}

func (o *Oracle) counting(vs []string, probable bool) []identity.Claim {
	all := o.rules.Names == identity.NamesAny || probable && o.rules.Names != identity.NamesOff
	var out []identity.Claim
	for _, v := range vs {
		names, _ := o.told(v)
		attested := slices.ContainsFunc(names, func(n told) bool { return n.attested })
		for _, n := range names {
			if n.attested && o.rules.Names != identity.NamesOff || all && !attested {
				out = append(out, n.claim)
			}
		}
	}
	return out
}

func (o *Oracle) firstSeen(v string) int64 {
	if t, known := o.first[v]; known {
		return t
	}
	return identity.Never
}

func (o *Oracle) overLimit(a, b []string) bool {
	for ns, rule := range o.rules.Namespaces {
		var times []int64
		sides := 0
		for _, side := range [][]string{a, b} {
			before := len(times)
			for _, v := range side {
				if o.keys[v].Namespace == ns {
					times = append(times, o.firstSeen(v))
				}
			}
			if len(times) > before {
				sides++
			}
		}
		if rule.Limit == 0 || sides < 2 {
			continue
		}
		for _, start := range times {
			n := 0
			for _, t := range times {
				if t >= start && (rule.Window == 0 || t-start < rule.Window) {
					n++
				}
			}
			if n > rule.Limit {
				return true
			}
		}
	}
	return false
}

func (o *Oracle) namesBefore(a, b string) bool {
	switch {
	case o.rule(a).Strength != o.rule(b).Strength:
		return o.rule(a).Strength > o.rule(b).Strength
	case o.firstSeen(a) != o.firstSeen(b):
		return o.firstSeen(a) < o.firstSeen(b)
	}
	return a < b
}
