package identitytest

import (
	"math"
	"sort"

	"rcu/pkg/identity"
)

// collectMatch keeps of each two records the comparison that read them last; of two at one time the less probable.
func (o *Oracle) collectMatch(m *identity.Match) {
	if !o.linking(m.A) || !o.linking(m.B) || m.A == m.B {
		return
	}
	o.record(m.A)
	o.record(m.B)
	p, c := pairOf(m.A.Value, m.B.Value), m.Compared
	if p[0] != m.A.Value {
		c.Records[0], c.Records[1] = c.Records[1], c.Records[0]
	}
	if o.compared[p] == nil {
		o.compared[p] = map[[2]string]identity.Compared{}
	}
	held, known := o.compared[p][c.Records]
	if !known || c.At > held.At || c.At == held.At && c.Millionths < held.Millionths {
		o.compared[p][c.Records] = c
	}
}

// likeMany reports whether v was found to be like so many others that it means nothing.
func (o *Oracle) likeMany(v string) bool {
	n := 0
	for p := range o.compared {
		if p[0] == v || p[1] == v {
			n++
		}
	}
	return n >= o.rules.MaxDegree
}

// probable is the verdict on a pair that no evidence makes usable: by the most probable comparison of the eight pairs of records that have
// the least names.
func (o *Oracle) probable(p [2]string) verdict {
	var list []identity.Compared
	for _, c := range o.compared[p] {
		list = append(list, c)
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := list[i].Records, list[j].Records
		return a[0] < b[0] || a[0] == b[0] && a[1] < b[1]
	})
	best := identity.Compared{At: math.MaxInt64}
	for _, c := range list[:min(len(list), 8)] {
		if c.Millionths > best.Millionths || c.Millionths == best.Millionths && c.At < best.At {
			best = c
		}
	}
	many := o.likeMany(p[0]) || o.likeMany(p[1])
	switch {
	case o.rules.AutoLink > 0 && float64(best.Millionths) >= math.Round(o.rules.AutoLink*1e6) && !many:
		return verdict{strength: 1, t: best.At / 1e6}
	case len(o.seen[p]) > 0 || len(list) == 0:
		return verdict{reason: "permission"}
	case many:
		return verdict{reason: "overflow"}
	}
	return verdict{reason: "probable"}
}
