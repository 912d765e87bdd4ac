package resolver

import (
	"context"
	"slices"
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

// owedProfile is a profile that has to be published, with the identifiers that were in it and left: where their leaves lie, it may have
// been published.
type owedProfile struct {
	profileRef
	left []identifier.Key
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
	profiles map[profileRef][]identifier.Key // with what left them
	out      time.Time                       // everything added before is published
	round    uint64                          // grows whenever everything is taken
	outRound uint64                          // everything added in this round is published, and before
}

func newPending(limit int, now func() time.Time, gauge prometheus.Gauge) *pending {
	p := &pending{now: now, limit: limit, gauge: gauge, cells: map[cellRef]struct{}{}, profiles: map[profileRef][]identifier.Key{}, out: now(), round: 1}
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
		if _, known := p.profiles[r]; !known {
			p.profiles[r] = nil
		}
	}
	p.gauge.Set(float64(len(p.cells) + len(p.profiles)))
}

// owe adds profiles with what left them, and returns the round in which they will be taken: see isOut.
func (p *pending) owe(profiles []owedProfile) uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range profiles {
		left := p.profiles[o.profileRef]
		for _, k := range o.left {
			if !slices.Contains(left, k) {
				left = append(left, k)
			}
		}
		p.profiles[o.profileRef] = left
	}
	p.gauge.Set(float64(len(p.cells) + len(p.profiles)))
	return p.round
}

// isOut reports whether everything added in a round is published.
func (p *pending) isOut(round uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.outRound >= round
}

// full reports whether too much is pending.
func (p *pending) full() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.cells)+len(p.profiles) > p.limit
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

// taken is everything that was pending at a time.
type taken struct {
	cells    []cellRef
	profiles []owedProfile
	at       time.Time
	round    uint64
}

// take returns everything pending. The caller publishes it and calls done, or gives it back.
func (p *pending) take() taken {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := taken{
		cells: make([]cellRef, 0, len(p.cells)), profiles: make([]owedProfile, 0, len(p.profiles)), at: p.now(), round: p.round,
	}
	for c := range p.cells {
		t.cells = append(t.cells, c)
	}
	for r, left := range p.profiles {
		t.profiles = append(t.profiles, owedProfile{r, left})
	}
	clear(p.cells)
	clear(p.profiles)
	p.round++
	p.gauge.Set(0)
	p.room.Broadcast()
	return t
}

// done says that everything taken is out.
func (p *pending) done(t taken) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out, p.outRound = t.at, t.round
}

// through is the time up to which everything that was added is out.
func (p *pending) through() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out
}
