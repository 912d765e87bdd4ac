package tcf

import (
	"iter"
	"slices"
)

// Set is a set of ids, as ascending ranges that do not touch. The zero Set is empty; a Set is never changed in place.
type Set struct{ ranges []span }

type span struct{ first, last int }

// Has reports whether an id is in the set.
func (s Set) Has(id int) bool {
	_, found := slices.BinarySearchFunc(s.ranges, id, func(r span, id int) int {
		switch {
		case r.last < id:
			return -1
		case r.first > id:
			return 1
		}
		return 0
	})
	return found
}

// Empty reports whether no id is in the set.
func (s Set) Empty() bool { return len(s.ranges) == 0 }

// All lists the ids in ascending order.
func (s Set) All() iter.Seq[int] {
	return func(yield func(int) bool) {
		for _, r := range s.ranges {
			for id := r.first; id <= r.last; id++ {
				if !yield(id) {
					return
				}
			}
		}
	}
}

// with adds a range that begins nowhere before the last one added.
func (s Set) with(first, last int) Set {
	if n := len(s.ranges); n > 0 && s.ranges[n-1].last >= first-1 {
		s.ranges[n-1].last = max(s.ranges[n-1].last, last)
		return s
	}
	s.ranges = append(s.ranges, span{first, last})
	return s
}

// setOf makes a set of ranges in any order.
func setOf(ranges []span) Set {
	slices.SortFunc(ranges, func(a, b span) int { return a.first - b.first })
	var s Set
	for _, r := range ranges {
		s = s.with(r.first, r.last)
	}
	return s
}
