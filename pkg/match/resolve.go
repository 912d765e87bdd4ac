package match

// Result is who is together.
type Result struct {
	Model    *Model
	Pairs    *Pairs
	Clusters []int // by row: the number of its cluster, from 1, in the order of Rows
}

// Threshold is the probability over which records are put together: the same for every file.
const Threshold = 0.5

// Resolve learns a model, scores the candidates and clusters them.
func Resolve(r *Records, threshold float64, told func(done, all int)) *Result {
	b := block(r)
	return resolve(r, learn(r, b), b, threshold, told)
}

// ResolveBy scores the candidates by a model that was learned before, and clusters them.
func ResolveBy(r *Records, m *Model, threshold float64, told func(done, all int)) *Result {
	return resolve(r, m.Over(r), block(r), threshold, told)
}

// Over returns the model for the records of another file: the share of pairs that are one person follows from their number, and how
// common a value is from what the model knows. It is called before the records are scored or explained.
func (m *Model) Over(r *Records) *Model {
	r.use(m, true)
	return m.over(r.forms)
}

func resolve(r *Records, m *Model, b *blocks, threshold float64, told func(done, all int)) *Result {
	p := score(r, m, b, told)
	return &Result{Model: m, Pairs: p, Clusters: number(r, Clusters(r, m, p, Weight(threshold)), r.notOfThemselves(m, Weight(threshold)))}
}

// wholeGroup is the most rows of a group of which every pair is listed; of a larger one, the pairs with its first row.
const wholeGroup = 1000

// Inside visits the pairs of rows inside the groups, in the order of the rows, with the probability of the pair on its own.
func (res *Result) Inside(r *Records, visit func(a, b int, probability float64)) {
	groups := map[int][]int{}
	for i, g := range res.Clusters {
		groups[g] = append(groups[g], i)
	}
	c := newComparer(r)
	for i, g := range res.Clusters {
		members := groups[g]
		if len(members) > wholeGroup && members[0] != i {
			continue
		}
		for _, j := range members {
			if j <= i {
				continue
			}
			x, y := r.rows[i].Form, r.rows[j].Form
			l := c.compare(min(x, y), max(x, y))
			visit(i, j, Probability(res.Model.judge(&l).weight()))
		}
	}
}

// number numbers the clusters in the order of the rows. Rows of a form that says too little are alone.
func number(r *Records, group []Form, alone []bool) []int {
	out := make([]int, len(r.rows))
	numbers := map[Form]int{}
	last := 0
	for i := range r.rows {
		f := r.rows[i].Form
		n := numbers[group[f]]
		if n == 0 || alone[f] {
			last++
			n = last
			numbers[group[f]] = n
		}
		out[i] = n
	}
	return out
}
