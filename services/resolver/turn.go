package resolver

import (
	"slices"
	"time"

	"rcu/pkg/stream"
)

// portions is into how many parts that which is pending is parted by its keys. Each has its turn once within PublishEvery, one after the other: what
// changed within a second does not fill the processors at one moment of it, here and at everybody who reads it, and each key waits as long as if all
// went together.
const portions = 8

// chosen says which portions have their turn.
type chosen [portions]bool

// everything chooses all portions.
func everything() (c chosen) {
	for i := range portions {
		c[i] = true
	}
	return c
}

// portionOf parts keys as their topics do: where these have as many partitions, as by default, the turn of a portion is that of a partition, and its
// records come together to whoever reads it.
func portionOf(key string) int { return stream.PartitionOf([]byte(key), portions) }

// timetable says when portions have their turns: each at its own moment of every period, so that those that were late part again.
type timetable struct {
	every time.Duration
	next  [portions]time.Time // the zero time: it never had one
}

// due are the portions whose turn it is.
func (t *timetable) due(now time.Time) (c chosen) {
	for i := range portions {
		c[i] = !t.next[i].After(now)
	}
	return c
}

// took puts portions that had their turn down for the next one. It is left out where it would come within half a period.
func (t *timetable) took(c chosen, now time.Time) {
	for i, had := range c {
		if !had {
			continue
		}
		at := now.Truncate(t.every).Add(t.every * time.Duration(i) / portions)
		for !at.After(now.Add(t.every / 2)) {
			at = at.Add(t.every)
		}
		t.next[i] = at
	}
}

// first is when the next turn is.
func (t *timetable) first() time.Time {
	return slices.MinFunc(t.next[:], time.Time.Compare)
}

// outUpTo is how far the publication of a portion has come.
type outUpTo struct {
	at    time.Time // everything added before is published
	round uint64    // and everything added in this round, and before
}

// taken is what was pending of some portions at a time.
type taken struct {
	cells    []cellRef
	urgent   []cellRef // of the cells, leaves that should go out before their turn; they are not among cells
	profiles []owedProfile
	of       chosen
	at       time.Time
	round    uint64
}

// take returns everything that is pending of some portions. The caller publishes it and calls done, or gives it back.
func (p *pending) take(of chosen) taken {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := taken{at: p.now(), round: p.round, of: of}
	t.profiles = p.profilesOf(of)
	p.round++
	t.cells, t.urgent = p.cellsOf(of)
	return t
}

// takeCells returns the cells alone. The caller publishes them or gives them back.
func (p *pending) takeCells(of chosen) (t taken) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t.cells, t.urgent = p.cellsOf(of)
	return t
}

// profilesOf takes out the profiles of some portions, and those that are held by whoever holds one of them: they are told together.
func (p *pending) profilesOf(of chosen) (out []owedProfile) {
	holders := map[profileName]struct{}{}
	for name, o := range p.profiles {
		if of[portionOf(name.pseudonym)] {
			holders[profileName{name.space, o.heldBy()}] = struct{}{}
		}
	}
	for name, o := range p.profiles {
		_, held := holders[profileName{name.space, o.heldBy()}]
		if held || of[portionOf(name.pseudonym)] {
			out = append(out, o)
			delete(p.profiles, name)
		}
	}
	return out
}

// cellsOf takes out the cells of some portions, and all keys of subjects, since they go before what they seal: those that should go out before their
// turn, and the others.
func (p *pending) cellsOf(of chosen) (cells, urgent []cellRef) {
	for name, c := range p.cells {
		if !of[portionOf(name)] && c.topic != stream.TopicKeys {
			continue
		}
		if _, first := p.urgent[name]; first {
			urgent = append(urgent, c)
		} else {
			cells = append(cells, c)
		}
		delete(p.cells, name)
		delete(p.urgent, name)
		p.kept -= len(c.stored.Value)
	}
	p.gauge.Set(float64(len(p.cells) + len(p.profiles)))
	p.room.Broadcast()
	return cells, urgent
}

// done says that everything taken is out.
func (p *pending) done(t taken) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, of := range t.of {
		if of || faults.outBlindly {
			p.out[i] = outUpTo{t.at, t.round}
		}
	}
}

// through is the time up to which everything that was added is out.
func (p *pending) through() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.MinFunc(p.out[:], func(a, b outUpTo) int { return a.at.Compare(b.at) }).at
}

// isOut reports whether everything added in a round is published.
func (p *pending) isOut(round uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !slices.ContainsFunc(p.out[:], func(o outUpTo) bool { return o.round < round })
}
