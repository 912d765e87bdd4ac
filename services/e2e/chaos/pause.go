package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"rcu/services/e2e/chaos/fleet"
)

// pauseShare of the kills come behind the begin of a pause, unless somebody asks for another share.
const pauseShare = .2

// How long a process stands still. The first pause of a member, and every second one, outlasts its session; servers stand still for less, since nobody commits anything meanwhile.
const (
	shortestPause = time.Second
	longestPause  = 15 * time.Second
	serverPause   = 5 * time.Second
)

// pause stops a process without ending it, as a host that swaps or a virtual machine that is moved does, and lets it go on later.
type pause struct {
	Victim victim
	For    time.Duration
}

// pauses draws them from numbers of their own: everything else is the same without any.
type pauses struct {
	random  *rand.Rand
	deck    *deck
	share   float64
	session time.Duration
	within  bool // the last pause of a member was longer than its session
}

// pausedMore is how often members stand still, where others do once: it is they whose work goes to somebody else meanwhile.
const pausedMore = 3

func newPauses(o options) (*pauses, error) {
	d, err := deckOf(o.targets)
	if err != nil {
		return nil, err
	}
	for _, kind := range slices.Clone(d.all) {
		if members[kind] > 0 {
			d.all = append(d.all, slices.Repeat([]string{kind}, pausedMore-1)...)
		}
	}
	return &pauses{random: rand.New(rand.NewPCG(o.seed, 5)), deck: d, share: o.pauses, session: o.session}, nil
}

// next is the pause that begins before a kill; nil for none.
func (p *pauses) next() *pause {
	if p.random.Float64() >= p.share {
		return nil
	}
	out := &pause{Victim: p.deck.victim(p.random)}
	least, most := shortestPause, longestPause
	switch kind := out.Victim.Kind; {
	case slices.Contains(fleet.ServerNames(), kind):
		most = serverPause
	case members[kind] == 0:
	case p.within:
		most, p.within = p.session, false
	default:
		least, p.within = p.session+time.Second, true
	}
	out.For = least + time.Duration(p.random.Int64N(int64(max(1, most-least))))
	return out
}

// naps are the pauses under way.
type naps struct {
	all  sync.WaitGroup
	over chan struct{} // closed when everybody is to go on at once
}

// pause stops a process, unless it stands still already. It goes on by itself, whatever happens meanwhile.
func (g *game) pause(ctx context.Context, p *pause) {
	wake, stopped := g.target(p.Victim).Pause()
	if !stopped {
		return
	}
	began := time.Now()
	g.happened("%s stands still for %s", p.Victim, p.For.Round(time.Millisecond))
	g.naps.all.Go(func() {
		select {
		case <-time.After(p.For):
		case <-g.naps.over:
		case <-ctx.Done():
		}
		lives := wake()
		still := time.Since(began)
		if g.report.paused(p.Victim, still, g.o.session, lives); lives {
			g.happened("%s goes on after %s", p.Victim, still.Round(time.Millisecond))
		}
	})
}

// wake lets everybody go on.
func (g *game) wake() {
	close(g.naps.over)
	g.naps.all.Wait()
}
