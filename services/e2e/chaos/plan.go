package main

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"rcu/services/e2e/chaos/fleet"
)

// members of each kind that a run keeps; every other kind has one.
var members = map[string]int{"resolver": 2, "sink": 2}

// plan draws what is done to an installation, from the seed alone: nothing that happens meanwhile has a part in it.
type plan struct {
	random *rand.Rand
	deck   *deck
	guest  bool       // a member joined and has not left
	power  *rand.Rand // of the losses of power: without any, everything else is the same
	losses float64    // the share of the kills of Redis that are one
	pauses *pauses
}

// strike is one kill, and what comes before it.
type strike struct {
	After   time.Duration // the last commit that it waits for
	Pause   *pause        // begins before everything else, and outlasts it
	Cut     *cut
	Move    *move
	Victims []victim    // one, or two at once
	Loss    *fleet.Loss // what Redis loses, where it is among them
	Down    time.Duration
}

// victim is the nth process of a kind.
type victim struct {
	Kind string
	N    int
}

// cut disturbs the connections between the services and one server.
type cut struct {
	Server string
	How    disturbance
	Share  float64 // of the connections that are reset
	Seed   uint64  // of which
	During time.Duration
}

type disturbance int

const (
	resets disturbance = iota
	refuses
	holds
	disturbances
)

// move forces a rebalance: a member joins, or the one that joined leaves.
type move struct {
	Joins  string // resolver or sink; empty: the guest goes
	Killed bool   // it goes without a word
}

// lossUpTo is how far a loss of power reaches back: Redis syncs its file every second, and writes on for one more while a sync takes long.
const lossUpTo = 2 * time.Second

// lossShare of the kills of Redis are losses of power, unless somebody asks for another share.
const lossShare = .5

func newPlan(o options) (*plan, error) {
	d, err := deckOf(o.targets)
	if err != nil {
		return nil, err
	}
	p, err := newPauses(o)
	return &plan{random: rand.New(rand.NewPCG(o.seed, 3)), deck: d, power: rand.New(rand.NewPCG(o.seed, 4)), losses: o.losses, pauses: p}, err
}

// next draws a strike.
func (p *plan) next() strike {
	s := strike{After: p.upTo(500 * time.Millisecond), Pause: p.pauses.next()}
	switch x := p.random.Float64(); {
	case x < .25:
		s.Cut = p.cut()
	case x < .4:
		s.Move = p.move()
	}
	s.Victims = []victim{p.deck.victim(p.random)}
	if p.random.Float64() < .15 {
		if second := p.deck.victim(p.random); second != s.Victims[0] {
			s.Victims = append(s.Victims, second)
		}
	}
	if slices.Contains(s.Victims, victim{Kind: fleet.Redis}) {
		s.Loss = p.loss()
	}
	s.Down = p.upTo(900 * time.Millisecond)
	return s
}

// loss is what a kill of Redis takes with it; nil for a kill alone.
func (p *plan) loss() *fleet.Loss {
	hit, l := p.power.Float64() < p.losses, &fleet.Loss{Back: time.Duration(p.power.Int64N(int64(lossUpTo))), Part: p.power.Float64()}
	if !hit {
		return nil
	}
	return l
}

func (p *plan) upTo(d time.Duration) time.Duration { return time.Duration(p.random.Int64N(int64(d))) }

func (p *plan) cut() *cut {
	servers := [...]string{fleet.Kafka, fleet.Redis, fleet.ClickHouse}
	return &cut{
		Server: servers[p.random.IntN(len(servers))], How: disturbance(p.random.IntN(int(disturbances))), Share: p.random.Float64(), Seed: p.random.Uint64(),
		During: p.upTo(time.Second),
	}
}

func (p *plan) move() *move {
	p.guest = !p.guest
	if p.guest {
		return &move{Joins: [...]string{"resolver", "sink"}[p.random.IntN(2)]}
	}
	return &move{Killed: p.random.IntN(2) == 0}
}

// String is its name in a timeline.
func (v victim) String() string {
	if members[v.Kind] > 1 {
		return v.Kind + " " + strconv.Itoa(v.N+1)
	}
	return v.Kind
}
