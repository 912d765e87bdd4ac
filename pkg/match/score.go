package match

import "slices"

// Pair is two forms that are probably one person.
type Pair struct {
	A, B   uint32 // A < B
	Weight float32
}

// Pairs are the scored candidates of a file.
type Pairs struct {
	List     []Pair // the pairs with a weight over 0, by A and B
	Compared int    // pairs compared, each once
	Blocks   Dropped
}

// Score compares all candidate pairs. told, if not nil, hears how many of the forms are done.
func Score(r *Records, m *Model, told func(done, all int)) *Pairs { return score(r, m, block(r), told) }

// scored is what one chunk gave.
type scored struct {
	list     []Pair
	compared int
}

func score(r *Records, m *Model, b *blocks, told func(done, all int)) *Pairs {
	progress := newTeller(r.forms, told)
	linked := r.linked()
	parts := parallel(r.forms, 512, func() func(from, to int) scored {
		c := newComparer(r)
		seen := make([]uint32, r.forms)
		return func(from, to int) (out scored) {
			for f := from; f < to; f++ {
				b.candidates(f, r.forms, seen, func(g Form) {
					if linked && r.side[f] == r.side[g] {
						return
					}
					out.compared++
					l := c.compare(f, g)
					if m.promising(&l) <= 0 {
						return
					}
					if w := m.judge(&l).weight(); w > 0 {
						out.list = append(out.list, Pair{uint32(f), uint32(g), float32(w)}) //nolint:gosec // forms are counted in 32 bits
					}
				})
			}
			progress.add(to - from)
			return out
		}
	})
	out := &Pairs{Blocks: b.dropped}
	for i := range parts {
		slices.SortFunc(parts[i].list, comparePairs)
		out.List = append(out.List, parts[i].list...)
		out.Compared += parts[i].compared
		parts[i].list = nil
	}
	return out
}

// linked reports whether the records are of two files.
func (r *Records) linked() bool { return slices.Contains(r.side, 1) }
