package match

import (
	"container/heap"
	"slices"
)

// Weights of pairs are cut to these bits before their mean is taken: one pair, however sure, does not outvote many.
const (
	mostFor     = 12
	mostAgainst = -10
)

// Clusters groups the forms by mean linkage: the two groups with the greatest mean weight over **all** pairs between them are joined,
// as long as that mean is over the bound. A pair that no blocking key brought together is compared when its groups meet, so it counts
// for what it is. The result gives each form the least form of its group.
func Clusters(r *Records, m *Model, p *Pairs, bound float64) []Form {
	group := make([]Form, r.forms)
	for f := range group {
		group[f] = f
	}
	alone := r.notOfThemselves(m, bound)
	parts := components(r.forms, p.List, alone)
	parallel(len(parts), 16, func() func(from, to int) struct{} {
		c := newComparer(r)
		return func(from, to int) struct{} {
			for _, part := range parts[from:to] {
				l := linkage{m: m, comparer: c, bound: bound}
				l.run(part, group)
			}
			return struct{}{}
		}
	})
	return group
}

// notOfThemselves marks the forms that several rows have and that say too little: two rows that say no more than a common name are
// no proof of one person.
func (r *Records) notOfThemselves(m *Model, bound float64) []bool {
	copies := make([]int, r.forms)
	for i := range r.rows {
		copies[r.rows[i].Form]++
	}
	alone := make([]bool, r.forms)
	c := newComparer(r)
	for f, n := range copies {
		if n > 1 {
			l := c.compare(f, f)
			alone[f] = m.judge(&l).weight() <= bound
		}
	}
	return alone
}

// components are the pairs by connected component; forms that stand alone connect nothing.
func components(forms int, pairs []Pair, alone []bool) [][]Pair {
	parent := make([]uint32, forms)
	for i := range parent {
		parent[i] = uint32(i)
	}
	find := func(x uint32) uint32 {
		for parent[x] != x {
			parent[x] = parent[parent[x]]
			x = parent[x]
		}
		return x
	}
	for _, p := range pairs {
		if !alone[p.A] && !alone[p.B] {
			x, y := find(p.A), find(p.B)
			parent[max(x, y)] = min(x, y)
		}
	}
	at := map[uint32]int{}
	var out [][]Pair
	for _, p := range pairs {
		if alone[p.A] || alone[p.B] {
			continue
		}
		root := find(p.A)
		i, seen := at[root]
		if !seen {
			i = len(out)
			at[root] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], p)
	}
	return out
}

// linkage joins the groups of one component.
type linkage struct {
	m        *Model
	comparer *comparer
	bound    float64
	members  [][]uint32        // by group; nil once it is joined to another
	sums     []map[int]float64 // by group: of each neighbour, the sum of weights of all pairs between the two
	queue    meetings
}

// meeting is two groups that might be joined.
type meeting struct {
	mean         float64
	a, b         int
	sizeA, sizeB int // when it was queued: another size means that it is outdated
}

func (l *linkage) run(pairs []Pair, group []Form) {
	l.begin(pairs)
	for len(l.queue) > 0 {
		next, ok := heap.Pop(&l.queue).(meeting)
		if !ok || len(l.members[next.a]) != next.sizeA || len(l.members[next.b]) != next.sizeB {
			continue
		}
		l.join(next.a, next.b)
	}
	for _, members := range l.members {
		for _, f := range members {
			group[f] = Form(members[0])
		}
	}
}

// begin makes a group of each form.
func (l *linkage) begin(pairs []Pair) {
	var forms []uint32
	for _, p := range pairs {
		forms = append(forms, p.A, p.B)
	}
	slices.Sort(forms)
	forms = slices.Compact(forms)
	l.members = make([][]uint32, len(forms))
	l.sums = make([]map[int]float64, len(forms))
	for i, f := range forms {
		l.members[i] = []uint32{f}
		l.sums[i] = map[int]float64{}
	}
	for _, p := range pairs {
		a, _ := slices.BinarySearch(forms, p.A)
		b, _ := slices.BinarySearch(forms, p.B)
		l.meet(a, b, cut(float64(p.Weight)))
	}
}

func cut(weight float64) float64 { return min(max(weight, mostAgainst), mostFor) }

// meet notes the sum of two groups and queues them if they may be joined.
func (l *linkage) meet(a, b int, sum float64) {
	l.sums[a][b], l.sums[b][a] = sum, sum
	sizeA, sizeB := len(l.members[a]), len(l.members[b])
	if mean := sum / float64(sizeA*sizeB); mean > l.bound {
		heap.Push(&l.queue, meeting{mean, min(a, b), max(a, b), len(l.members[min(a, b)]), len(l.members[max(a, b)])})
	}
}

// join joins group b to group a.
func (l *linkage) join(a, b int) {
	var others []int
	for o := range l.sums[a] {
		others = append(others, o)
	}
	for o := range l.sums[b] {
		others = append(others, o)
	}
	slices.Sort(others)
	others = slices.Compact(others)
	sums := make([]float64, len(others))
	for i, o := range others {
		if o != a && o != b {
			sums[i] = l.sum(a, o) + l.sum(b, o)
		}
	}
	l.members[a] = append(l.members[a], l.members[b]...)
	slices.Sort(l.members[a])
	l.members[b] = nil
	for _, o := range others {
		delete(l.sums[o], b)
	}
	l.sums[b] = nil
	delete(l.sums[a], b)
	for i, o := range others {
		if o != a && o != b {
			l.meet(a, o, sums[i])
		}
	}
}

// sum is the sum of the weights of all pairs between two groups.
func (l *linkage) sum(a, b int) float64 {
	if s, known := l.sums[a][b]; known {
		return s
	}
	s := 0.0
	for _, x := range l.members[a] {
		for _, y := range l.members[b] {
			s += cut(l.weight(x, y))
		}
	}
	return s
}

func (l *linkage) weight(x, y uint32) float64 {
	k := l.comparer.compare(int(min(x, y)), int(max(x, y)))
	return l.m.judge(&k).weight()
}

// meetings is a heap: the greatest mean first, then the least groups.
type meetings []meeting

func (q meetings) Len() int { return len(q) }

func (q meetings) Less(i, j int) bool {
	switch x, y := &q[i], &q[j]; {
	case x.mean != y.mean:
		return x.mean > y.mean
	case x.a != y.a:
		return x.a < y.a
	default:
		return x.b < y.b
	}
}

func (q meetings) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push is of heap.Interface.
func (q *meetings) Push(x any) {
	if m, ok := x.(meeting); ok {
		*q = append(*q, m)
	}
}

// Pop is of heap.Interface.
func (q *meetings) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
