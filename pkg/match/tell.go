package match

import (
	"cmp"
	"sync"
)

// teller counts what workers have done and tells it.
type teller struct {
	mu        sync.Mutex
	done, all int
	told      func(done, all int)
}

func newTeller(all int, told func(done, all int)) *teller { return &teller{all: all, told: told} }

func (t *teller) add(n int) {
	if t.told == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done += n
	t.told(t.done, t.all)
}

func comparePairs(x, y Pair) int { return cmp.Or(cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B)) }
