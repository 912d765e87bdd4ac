package match

import (
	"math"
	"runtime"
	"sync"
)

// workers is how many goroutines work on a file.
func workers() int { return runtime.GOMAXPROCS(0) }

// Limits of learning.
const (
	strangerPairs = 400_000 // random pairs of which U is learned
	learnPairs    = 600_000 // candidate pairs of which M is learned
	learnRounds   = 30
	hopeless      = -12 // bits under which a pair cannot teach how one person's records differ
)

// Strength of what is known beforehand, in pairs.
const (
	priorMatches   = 25
	priorStrangers = 200
)

// Learn learns a model from records, without labels: U from random pairs, M and the shares of the kinds of pair from candidate pairs
// by expectation and maximisation.
func Learn(r *Records) *Model { return learn(r, block(r)) }

func learn(r *Records, b *blocks) *Model {
	m := defaultModel(r)
	random, drawn := randomLevels(r)
	pairs, share := learningPairs(r, b, m)
	l := learner{m: m, random: random, pairs: pairs, share: share, all: pairsOf(r.forms)}
	for m.Learned.Rounds < learnRounds {
		m.Learned.Rounds++
		if l.round() < 1e-4 {
			break
		}
	}
	m.Learned.Forms, m.Learned.Strangers, m.Learned.Pairs = r.forms, drawn, len(pairs)
	for c := range comparisons {
		for _, n := range random[c][:levelCount[c]] {
			m.used[c] += n
		}
	}
	m.terms = r.termsOf()
	m.prepare()
	return m
}

func pairsOf(n int) float64 { return max(float64(n)*float64(n-1)/2, 1) }

// defaultModel is what is known beforehand.
func defaultModel(r *Records) *Model {
	m := &Model{}
	for c, w := range known {
		m.Comparisons[c] = Weights{M: normal(w.M), U: normal(w.U)}
	}
	m.Comparisons[cOrder].U = []float64{1, 1}
	m.Same = min(0.3/float64(max(r.forms, 2)), 0.1)
	m.shares(m.Same, 0.3, 0.3*0.03)
	m.prepare()
	return m
}

// shares sets the shares of the kinds of pair; families and twins as multiples of one person's.
func (m *Model) shares(same, family, twins float64) {
	m.Same = min(max(same, 1e-12), 0.3)
	m.Family = min(m.Same*family, 0.2)
	m.Twins = min(m.Same*twins, 0.1)
}

func normal(p []float64) []float64 {
	sum := 0.0
	for _, x := range p {
		sum += x
	}
	out := make([]float64, len(p))
	for i, x := range p {
		out[i] = x / sum
	}
	return out
}

// levelCounts counts levels by comparison.
type levelCounts [comparisons][16]float64

// randomLevels counts the levels of random pairs, or of all where there are few.
func randomLevels(r *Records) (levelCounts, int) {
	var total levelCounts
	if r.forms < 2 {
		return total, 0
	}
	n := uint64(r.forms) * uint64(r.forms-1) / 2
	step := (n + strangerPairs - 1) / strangerPairs
	draws := int(n / step) //nolint:gosec // at most strangerPairs
	parts := parallel(draws, 1<<14, func() func(from, to int) levelCounts {
		c := newComparer(r)
		return func(from, to int) (out levelCounts) {
			for i := from; i < to; i++ {
				x, y := pairNumber(uint64(i)*step+mix(uint64(i))%step, r.forms) //nolint:gosec // not negative
				out.add(c.compare(x, y).levels, 1)
			}
			return out
		}
	})
	for i := range parts {
		total.sum(&parts[i])
	}
	return total, draws
}

// sum adds other counts.
func (n *levelCounts) sum(other *levelCounts) {
	for c := range n {
		for l, by := range other[c] {
			n[c][l] += by
		}
	}
}

func (n *levelCounts) add(p pattern, by float64) {
	for c := range comparisons {
		n[c][p.at(c)] += by
	}
}

// mix is splitmix64: the same random number for the same place.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// pairNumber is pair number k of all pairs of n, in order.
func pairNumber(k uint64, n int) (x, y int) {
	// row x begins at x*n - x*(x+1)/2 - ... solved for x, then corrected for rounding
	fn, fk := float64(n), float64(k)
	x = int(fn - 0.5 - math.Sqrt(max((fn-0.5)*(fn-0.5)-2*fk, 0)))
	begin := func(x int) uint64 { return uint64(x) * uint64(2*n-x-1) / 2 } //nolint:gosec // not negative
	for x > 0 && begin(x) > k {
		x--
	}
	for x < n-2 && begin(x+1) <= k {
		x++
	}
	return x, x + 1 + int(k-begin(x)) //nolint:gosec // less than n
}

// parallel cuts n things into chunks, works on them with all workers, and gives the results in the order of the chunks: the
// number of workers changes nothing.
func parallel[T any](n, chunk int, worker func() func(from, to int) T) []T {
	chunks := (n + chunk - 1) / chunk
	out := make([]T, chunks)
	next := make(chan int, chunks)
	for i := range chunks {
		next <- i
	}
	close(next)
	var wg sync.WaitGroup
	for range min(workers(), chunks) {
		wg.Go(func() {
			do := worker()
			for i := range next {
				out[i] = do(i*chunk, min((i+1)*chunk, n))
			}
		})
	}
	wg.Wait()
	return out
}

// learningPairs compares the candidates of a share of the forms, and keeps the pairs that are not hopeless.
func learningPairs(r *Records, b *blocks, m *Model) (pairs []likeness, share float64) {
	share = 1
	if r.forms > shortFile {
		share = min(1, 15_000/float64(r.forms))
	}
	limit := uint64(share * (1 << 32))
	parts := parallel(r.forms, 512, func() func(from, to int) []likeness {
		c := newComparer(r)
		seen := make([]uint32, r.forms)
		return func(from, to int) (out []likeness) {
			for f := from; f < to; f++ {
				if mix(uint64(f))>>32 >= limit { //nolint:gosec // not negative
					continue
				}
				b.candidates(f, r.forms, seen, func(g Form) {
					if l := c.compare(f, g); m.promising(&l) > hopeless {
						out = append(out, l)
					}
				})
			}
			return out
		}
	})
	for _, p := range parts {
		pairs = append(pairs, p...)
	}
	if len(pairs) <= learnPairs {
		return pairs, share
	}
	kept := pairs[:0]
	for i, p := range pairs {
		if mix(uint64(i))>>32*uint64(len(pairs)) < learnPairs<<32 {
			kept = append(kept, p)
		}
	}
	return kept, share * float64(len(kept)) / float64(len(pairs))
}
