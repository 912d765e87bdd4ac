package match

import "math"

// Evaluation compares the clusters with the truth.
type Evaluation struct {
	Rows            int     `json:"rows"`
	TruePairs       int     `json:"true_pairs"`
	FoundPairs      int     `json:"found_pairs"`
	RightPairs      int     `json:"right_pairs"`
	Precision       float64 `json:"precision"` // of pairs inside the clusters
	Recall          float64 `json:"recall"`
	F1              float64 `json:"f1"`
	BCubedPrecision float64 `json:"b_cubed_precision"` // mean over the rows of the share of their cluster that is right
	BCubedRecall    float64 `json:"b_cubed_recall"`
	BCubedF1        float64 `json:"b_cubed_f1"`
	BlockingRecall  float64 `json:"blocking_recall"` // share of the true pairs that were compared
}

// Evaluate compares the group of each row with its true one. A row without a truth (empty) is a person of its own.
func Evaluate(groups []int, truth []string) Evaluation {
	e := Evaluation{Rows: len(groups)}
	type cell struct {
		group int
		truth string
	}
	byGroup, byTruth, both := map[int]int{}, map[string]int{}, map[cell]int{}
	for i, g := range groups {
		byGroup[g]++
		if truth[i] != "" {
			byTruth[truth[i]]++
			both[cell{g, truth[i]}]++
		}
	}
	for _, n := range byGroup {
		e.FoundPairs += n * (n - 1) / 2
	}
	for _, n := range byTruth {
		e.TruePairs += n * (n - 1) / 2
	}
	for _, n := range both {
		e.RightPairs += n * (n - 1) / 2
	}
	e.Precision, e.Recall = share(e.RightPairs, e.FoundPairs), share(e.RightPairs, e.TruePairs)
	e.F1 = harmonic(e.Precision, e.Recall)
	for i, g := range groups {
		right, people := 1, 1
		if truth[i] != "" {
			right, people = both[cell{g, truth[i]}], byTruth[truth[i]]
		}
		e.BCubedPrecision += float64(right) / float64(byGroup[g]) / float64(len(groups))
		e.BCubedRecall += float64(right) / float64(people) / float64(len(groups))
	}
	e.BCubedF1 = harmonic(e.BCubedPrecision, e.BCubedRecall)
	return e
}

// share of n in all; of nothing, all is right.
func share(n, all int) float64 {
	if all == 0 {
		return 1
	}
	return float64(n) / float64(all)
}

func harmonic(a, b float64) float64 {
	if a+b == 0 {
		return 0
	}
	return 2 * a * b / (a + b)
}

// BlockingRecall is the share of the true pairs that the blocking keys bring together. truth is by row, as Rows gives them.
func BlockingRecall(r *Records, truth []string) float64 {
	b := block(r)
	people := map[string][]Form{}
	for i, row := range r.rows {
		if truth[i] != "" {
			people[truth[i]] = append(people[truth[i]], row.Form)
		}
	}
	wanted := map[uint64]int{}
	all, met := 0, 0
	for _, forms := range people {
		for i, x := range forms {
			for _, y := range forms[:i] {
				all++
				if x == y {
					met++
					continue
				}
				wanted[uint64(min(x, y))<<32|uint64(max(x, y))]++
			}
		}
	}
	seen := make([]uint32, r.forms)
	for f := range r.forms {
		b.candidates(f, r.forms, seen, func(g Form) {
			met += wanted[uint64(f)<<32|uint64(g)] //nolint:gosec // not negative
		})
	}
	if all == 0 {
		return math.NaN()
	}
	return share(met, all)
}
