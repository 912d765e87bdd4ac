package match

import (
	"cmp"
	"slices"
	"sync"
)

// blockCap is how many records one is compared with in a block. A larger block is parted by what its key does not say; what is
// still too large is compared within a window of neighbours.
const blockCap = 100

// Dropped says what the caps left out.
type Dropped struct {
	Blocks int `json:"blocks"` // blocks over the cap
	Pairs  int `json:"pairs"`  // pairs of theirs that were not compared through this block
}

// blocks are the groups of forms that share a blocking key.
type blocks struct {
	members []uint32 // of all blocks, each block's in order
	refs    []uint32 // by form: where it stands in members
	starts  []uint32 // by form: its first ref
	ends    []uint32 // by member: the end of its block
	dropped Dropped
	all     bool // every pair is compared: the file is short
}

type span struct{ from, to uint32 }

// keyed is a form under a key.
type keyed struct {
	key  uint64
	form uint32
}

// shortFile is the most forms of which every pair is compared.
const shortFile = 1200

// block groups the forms by every rule.
func block(r *Records) *blocks {
	if r.forms <= shortFile {
		return &blocks{all: true}
	}
	lists := make([][]uint32, len(rules))
	spans := make([][]span, len(rules))
	drops := make([]Dropped, len(rules))
	a := attributesOf(r)
	var wg sync.WaitGroup
	gate := make(chan struct{}, workers())
	for i := range rules {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			lists[i], spans[i], drops[i] = blockRule(a, r.forms, rules[i])
		})
	}
	wg.Wait()
	b := &blocks{}
	for i := range rules {
		b.add(lists[i], spans[i])
		b.dropped.Blocks += drops[i].Blocks
		b.dropped.Pairs += drops[i].Pairs
	}
	b.index(r.forms)
	return b
}

// blockRule groups the forms by one rule.
func blockRule(a *attributes, forms int, rule rule) ([]uint32, []span, Dropped) {
	var entries []keyed
	var keys []uint64
	for f := range forms {
		keys = rule.keys(a, f, keys[:0])
		for i, k := range keys {
			if k != 0 && !slices.Contains(keys[:i], k) {
				entries = append(entries, keyed{k, uint32(f)})
			}
		}
	}
	slices.SortFunc(entries, func(x, y keyed) int { return cmp.Or(cmp.Compare(x.key, y.key), cmp.Compare(x.form, y.form)) })
	s := splitter{attributes: a}
	s.groups(entries, 0)
	return s.members, s.spans, s.dropped
}

// splitter parts blocks that are too large.
type splitter struct {
	attributes *attributes
	members    []uint32
	spans      []span
	dropped    Dropped
}

// groups walks the groups of equal keys.
func (s *splitter) groups(entries []keyed, depth int) {
	for len(entries) > 0 {
		n := 1
		for n < len(entries) && entries[n].key == entries[0].key {
			n++
		}
		s.group(entries[:n], depth)
		entries = entries[n:]
	}
}

func (s *splitter) group(g []keyed, depth int) {
	switch {
	case len(g) < 2:
		return
	case len(g) <= blockCap || depth == len(refinements):
		from := uint32(len(s.members)) //nolint:gosec // members are counted in 32 bits
		for _, e := range g {
			s.members = append(s.members, e.form)
		}
		s.spans = append(s.spans, span{from, uint32(len(s.members))}) //nolint:gosec // members are counted in 32 bits
		if over := len(g) - blockCap; over > 0 {
			s.dropped.Pairs += over * (over + 1) / 2
		}
		return
	case depth == 0:
		s.dropped.Blocks++
	}
	finer := make([]keyed, len(g))
	for i, e := range g {
		finer[i] = keyed{refinements[depth](s.attributes, int(e.form)), e.form}
	}
	slices.SortFunc(finer, func(x, y keyed) int { return cmp.Or(cmp.Compare(x.key, y.key), cmp.Compare(x.form, y.form)) })
	s.dropped.Pairs += acrossGroups(finer)
	s.groups(finer, depth+1)
}

// acrossGroups is the number of pairs of different keys.
func acrossGroups(entries []keyed) int {
	n := len(entries) * (len(entries) - 1) / 2
	for from := 0; from < len(entries); {
		to := from
		for to < len(entries) && entries[to].key == entries[from].key {
			to++
		}
		n -= (to - from) * (to - from - 1) / 2
		from = to
	}
	return n
}

// add appends the blocks of a rule.
func (b *blocks) add(members []uint32, spans []span) {
	base := uint32(len(b.members)) //nolint:gosec // members are counted in 32 bits
	b.members = append(b.members, members...)
	for _, s := range spans {
		for range s.to - s.from {
			b.ends = append(b.ends, base+s.to)
		}
	}
}

// index finds for each form where it stands.
func (b *blocks) index(forms int) {
	b.starts = make([]uint32, forms+1)
	for _, f := range b.members {
		b.starts[f+1]++
	}
	for f := range forms {
		b.starts[f+1] += b.starts[f]
	}
	next := slices.Clone(b.starts)
	b.refs = make([]uint32, len(b.members))
	for at, f := range b.members {
		b.refs[next[f]] = uint32(at)
		next[f]++
	}
}

// candidates calls visit for every form after f that f is compared with, each once. seen is scratch of one worker: f+1 marks.
func (b *blocks) candidates(f Form, forms int, seen []uint32, visit func(Form)) {
	if b.all {
		for g := f + 1; g < forms; g++ {
			visit(g)
		}
		return
	}
	mark := uint32(f + 1) //nolint:gosec // forms are counted in 32 bits
	for _, at := range b.refs[b.starts[f]:b.starts[f+1]] {
		for _, g := range b.members[at+1 : min(b.ends[at], at+blockCap)] {
			if seen[g] != mark {
				seen[g] = mark
				visit(int(g))
			}
		}
	}
}
