package matcher

import (
	"context"
	"fmt"
	"sync"
)

// aheadMost is how many leaves may have been taken ahead of their turn and wait for it; beyond it, others wait for their turn.
const aheadMost = 8192

// leafAt is a leaf, and the partition that it lies in.
type leafAt struct {
	partition int
	leaf      string
}

// turns keep who takes the leaves of partitions in turn and who takes some of them ahead of it from each other: of one leaf, nobody takes a
// record while another is taken, nor one that is older than what was taken. Whatever the two do, the index ends as in turn alone.
type turns struct {
	mu    sync.Mutex
	busy  map[leafAt]chan struct{} // closed when whoever takes the leaf is done
	begun map[int]int64            // of each partition: what lies before it has its turn, or had it
	ahead map[leafAt]int64         // where the record lies that was taken ahead of its turn, until that comes
}

func newTurns() *turns {
	return &turns{busy: map[leafAt]chan struct{}{}, begun: map[int]int64{}, ahead: map[leafAt]int64{}}
}

// enter waits until nobody takes a leaf. The caller leaves it.
func (t *turns) enter(ctx context.Context, at leafAt) (leave func(), err error) {
	if faults.unordered {
		return func() {}, nil
	}
	for {
		t.mu.Lock()
		other, busy := t.busy[at]
		if !busy {
			break
		}
		t.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for a leaf: %w", ctx.Err())
		}
	}
	defer t.mu.Unlock()
	mine := make(chan struct{})
	t.busy[at] = mine
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.busy, at)
		close(mine)
	}, nil
}

// begin says that the records of a partition before an offset have their turn.
func (t *turns) begin(partition int, next int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.begun[partition] = next
}

// due reports whether a record is to be taken in its turn: not if a later one of its leaf was taken, whose own turn comes.
func (t *turns) due(at leafAt, offset int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	newest, was := t.ahead[at]
	if was && newest > offset && !faults.unordered || was && newest == offset && faults.trusting {
		return false
	}
	delete(t.ahead, at)
	return true
}

// early reports whether a record may be taken ahead of its turn: neither has that begun, nor was a later one taken.
func (t *turns) early(at leafAt, offset int64) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	newest, was := t.ahead[at]
	return faults.unordered || offset >= t.begun[at.partition] && (!was || newest < offset) && len(t.ahead) < aheadMost
}

// took says which record was taken ahead of its turn.
func (t *turns) took(at leafAt, offset int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ahead[at] = offset
}

// lose forgets what was taken ahead of its turn in a partition.
func (t *turns) lose(partition int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for at := range t.ahead {
		if at.partition == partition {
			delete(t.ahead, at)
		}
	}
}
