package match

import (
	"cmp"
	"slices"
)

// Link is a row of one file and the row of the other that is probably the same person.
type Link struct {
	A, B        int // places in Rows
	Probability float64
}

// Assign links two files without duplicates: each record to at most one of the other file, so that the sum of the weights is the
// greatest; in groups of more than assignLimit records of a file, the surest pairs first. Only pairs over the threshold count.
func Assign(r *Records, p *Pairs, threshold float64) []Link {
	least := Weight(threshold)
	var sure []Pair
	for _, x := range p.List {
		if float64(x.Weight) > least {
			sure = append(sure, x)
		}
	}
	rowsOf := make([]int, r.forms)
	for i := len(r.rows) - 1; i >= 0; i-- {
		rowsOf[r.rows[i].Form] = i
	}
	var out []Link
	for _, part := range components(r.forms, sure, make([]bool, r.forms)) {
		for _, x := range assignPart(r, part) {
			a, b := rowsOf[x.A], rowsOf[x.B]
			if r.side[x.A] == 1 {
				a, b = b, a
			}
			out = append(out, Link{a, b, Probability(float64(x.Weight))})
		}
	}
	slices.SortFunc(out, func(x, y Link) int { return cmp.Compare(x.A, y.A) })
	return out
}

// assignLimit is the most records of a file in a group that is assigned as well as can be.
const assignLimit = 200

// assignPart assigns within one group of connected pairs.
func assignPart(r *Records, part []Pair) []Pair {
	var left, right []uint32
	for i, x := range part {
		if r.side[x.A] == 1 {
			part[i].A, part[i].B = x.B, x.A
		}
		left, right = append(left, part[i].A), append(right, part[i].B)
	}
	slices.Sort(left)
	slices.Sort(right)
	left, right = slices.Compact(left), slices.Compact(right)
	if max(len(left), len(right)) > assignLimit {
		return surest(part)
	}
	n := max(len(left), len(right))
	gain := make([][]float64, n)
	for i := range gain {
		gain[i] = make([]float64, n)
	}
	for _, x := range part {
		a, _ := slices.BinarySearch(left, x.A)
		b, _ := slices.BinarySearch(right, x.B)
		gain[a][b] = float64(x.Weight)
	}
	var out []Pair
	for a, b := range assignment(gain) {
		if gain[a][b] > 0 {
			out = append(out, Pair{left[a], right[b], float32(gain[a][b])})
		}
	}
	return out
}

// surest takes the pairs with the greatest weight first.
func surest(part []Pair) []Pair {
	slices.SortFunc(part, func(x, y Pair) int { return cmp.Or(cmp.Compare(y.Weight, x.Weight), comparePairs(x, y)) })
	taken := map[uint32]bool{}
	var out []Pair
	for _, x := range part {
		if !taken[x.A] && !taken[x.B] {
			taken[x.A], taken[x.B] = true, true
			out = append(out, x)
		}
	}
	return out
}

// assignment gives each row of a square matrix its column, so that the sum is the greatest: the Hungarian method with potentials.
func assignment(gain [][]float64) []int {
	n := len(gain)
	u, v := make([]float64, n+1), make([]float64, n+1)
	rowOf, way := make([]int, n+1), make([]int, n+1) // of each column, from 1
	for i := 1; i <= n; i++ {
		rowOf[0] = i
		column := 0
		least := make([]float64, n+1)
		used := make([]bool, n+1)
		for j := range least {
			least[j] = 1e300
		}
		for rowOf[column] != 0 {
			used[column] = true
			row, delta, next := rowOf[column], 1e300, 0
			for j := 1; j <= n; j++ {
				if used[j] {
					continue
				}
				if cost := -gain[row-1][j-1] - u[row] - v[j]; cost < least[j] {
					least[j], way[j] = cost, column
				}
				if least[j] < delta {
					delta, next = least[j], j
				}
			}
			for j := range n + 1 {
				if used[j] {
					u[rowOf[j]] += delta
					v[j] -= delta
				} else {
					least[j] -= delta
				}
			}
			column = next
		}
		for column != 0 {
			rowOf[column] = rowOf[way[column]]
			column = way[column]
		}
	}
	out := make([]int, n)
	for j := 1; j <= n; j++ {
		out[rowOf[j]-1] = j - 1
	}
	return out
}
