package match

import "math"

// Bounds of the shares: of pairs of one family to pairs of one person, and of twins to pairs of one family. A file has families or it
// has none: a handful of pairs that look like some are errors in two fields at once.
const (
	visibleFamily, noFamily = 0.02, 0.0005
	mostFamily              = 3
	leastTwins, mostTwins   = 0.01, 0.06
)

// leastOfUsual is how much rarer a level may be between strangers than what is known beforehand: a level that no random pair has
// would else prove everything.
const leastOfUsual = 0.05

// learner repeats expectation and maximisation.
type learner struct {
	m      *Model
	random levelCounts
	pairs  []likeness
	share  float64 // of all candidates that pairs holds
	all    float64 // pairs of the file
}

// expected are the sums of one expectation.
type expected struct {
	levels              levelCounts
	same, family, twins float64
}

// round is one expectation and one maximisation; it returns by how much the model moved.
func (l *learner) round() float64 {
	l.m.prepare()
	parts := parallel(len(l.pairs), 1<<13, func() func(from, to int) *expected { return l.expect })
	var sum expected
	for _, p := range parts {
		sum.same += p.same
		sum.family += p.family
		sum.twins += p.twins
		sum.levels.sum(&p.levels)
	}
	return l.maximise(&sum)
}

// expect sums what the pairs probably are.
func (l *learner) expect(from, to int) *expected {
	e := &expected{}
	for i := from; i < to; i++ {
		k := l.m.judge(&l.pairs[i])
		total := logSum(logSum(k.same, k.family), logSum(k.twins, k.strangers))
		same := math.Exp2(k.same - total)
		e.same += same
		e.family += math.Exp2(k.family - total)
		e.twins += math.Exp2(k.twins - total)
		if same > 1e-4 {
			e.levels.add(l.pairs[i].levels, same)
		}
	}
	return e
}

// maximise sets the model to what was expected, held by what is known beforehand.
func (l *learner) maximise(e *expected) float64 {
	m := l.m
	m.Learned.Matches = e.same / l.share
	same := (e.same/l.share + 0.5) / (l.all + 1)
	moved := math.Abs(math.Log2(same / m.Same))
	family := min(e.family/max(e.same, 1), mostFamily)
	if family < visibleFamily {
		family = noFamily
	}
	m.shares(same, family, family*bounded(e.twins/max(e.family, 1), leastTwins, mostTwins))
	for c := range comparisons {
		moved = max(moved, l.maximiseLevels(c, &e.levels[c]))
	}
	return moved
}

func bounded(x, least, most float64) float64 { return min(max(x, least), most) }

// maximiseLevels sets M and U of one comparison.
func (l *learner) maximiseLevels(c comparison, matches *[16]float64) (moved float64) {
	w := &l.m.Comparisons[c]
	before := known[c]
	n, seen := 0.0, 0.0
	for level := range levelCount[c] {
		n += matches[level]
		seen += l.random[c][level]
	}
	n /= l.share
	sum := 0.0
	for level := range levelCount[c] {
		p := (matches[level]/l.share + priorMatches*before.M[level]) / (n + priorMatches)
		p = max(p, 0.002)
		moved = max(moved, math.Abs(p-w.M[level]))
		w.M[level] = p
		sum += p
	}
	for level := range w.M {
		w.M[level] /= sum
	}
	if c == cOrder {
		return moved
	}
	for level := range levelCount[c] {
		strangers := max(l.random[c][level]-l.m.Same*seen*w.M[level], 0)
		w.U[level] = max((strangers+priorStrangers*before.U[level])/(seen+priorStrangers), leastOfUsual*before.U[level])
	}
	return moved
}
