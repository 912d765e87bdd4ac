package matcher

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	// inTurnMost is how many leaves are taken in turn at once, over all partitions, of those of which the index is asked.
	inTurnMost = 4
	// givesWay is how long one in turn waits at most for those ahead of their turn: it is late for nobody, and they may never end.
	givesWay = 20 * time.Millisecond
)

// precedence lets what is taken in turn give way to what is taken ahead of its turn: somebody is on the phone.
type precedence struct {
	inTurn chan struct{} // of those in turn

	mu    sync.Mutex
	ahead int
	none  chan struct{} // closed when none is ahead any more; nil: none is
}

func newPrecedence() *precedence { return &precedence{inTurn: make(chan struct{}, inTurnMost)} }

// goAhead says that something is taken ahead of its turn, until it is ended.
func (p *precedence) goAhead() (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ahead == 0 {
		p.none = make(chan struct{})
	}
	p.ahead++
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.ahead--; p.ahead == 0 {
			close(p.none)
			p.none = nil
		}
	}
}

// enter waits until something may be taken in turn. The caller leaves.
func (p *precedence) enter(ctx context.Context) (leave func(), err error) {
	select {
	case p.inTurn <- struct{}{}:
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to take a leaf in turn: %w", ctx.Err())
	}
	p.mu.Lock()
	none := p.none
	p.mu.Unlock()
	if none != nil && !faults.pushing {
		timer := time.NewTimer(givesWay)
		defer timer.Stop()
		select {
		case <-none:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return func() { <-p.inTurn }, nil
}
