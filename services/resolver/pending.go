package resolver

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rcu/pkg/identifier"
)

// cellRef is a cell whose current value has to go to its changelog.
type cellRef struct {
	space string
	topic string
	key   string // of the cell
	about keyAbout
}

// keyAbout is what the changelog of a subject key says beside its value; empty for other cells.
type keyAbout struct{ controller, subject string }

// profileRef is a profile whose combination has to be published.
type profileRef struct {
	space string
	key   identifier.Key
}

// pending collects what has to be published: each thing once, however often it changed. It also knows up to which time
// everything is out, which is how far offsets may be committed.
type pending struct {
	now   func() time.Time
	limit int
	gauge prometheus.Gauge

	mu       sync.Mutex
	room     *sync.Cond
	cells    map[cellRef]struct{}
	profiles map[profileRef]struct{}
	out      time.Time // everything added before is published
}

func newPending(limit int, now func() time.Time, gauge prometheus.Gauge) *pending {
	p := &pending{now: now, limit: limit, gauge: gauge, cells: map[cellRef]struct{}{}, profiles: map[profileRef]struct{}{}, out: now()}
	p.room = sync.NewCond(&p.mu)
	return p
}

func (p *pending) add(cells []cellRef, profiles []profileRef) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range cells {
		p.cells[c] = struct{}{}
	}
	for _, r := range profiles {
		p.profiles[r] = struct{}{}
	}
	p.gauge.Set(float64(len(p.cells) + len(p.profiles)))
}

// wait blocks while too much is pending. It ends with ctx.
func (p *pending) wait(ctx context.Context) error {
	stop := context.AfterFunc(ctx, p.room.Broadcast)
	defer stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.cells)+len(p.profiles) > p.limit && ctx.Err() == nil {
		p.room.Wait()
	}
	return ctx.Err()
}

// take returns everything pending and the time it was taken at. The caller publishes it and calls done, or gives it back.
func (p *pending) take() (cells []cellRef, profiles []profileRef, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at = p.now()
	for c := range p.cells {
		cells = append(cells, c)
	}
	for r := range p.profiles {
		profiles = append(profiles, r)
	}
	clear(p.cells)
	clear(p.profiles)
	p.gauge.Set(0)
	p.room.Broadcast()
	return cells, profiles, at
}

// done says that everything taken at a time is out.
func (p *pending) done(at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = at
}

// through is the time up to which everything that was added is out.
func (p *pending) through() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out
}
