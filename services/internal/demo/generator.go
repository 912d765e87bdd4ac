package demo

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"
)

// MaxPeople bounds a generated history; the plan of it is held in memory (some 24 bytes an event).
const MaxPeople = 1_000_000

// Config says what history to make up.
type Config struct {
	Seed     uint64
	People   int
	From, To time.Time
	Journeys int     // things that people do; default: 5 a person
	Skew     float64 // 0: everybody alike; above 1: Zipf, few do most
}

// Default is a small chain over half a year.
func Default() Config {
	return Config{Seed: 1, People: 500, From: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)}
}

// Validate reports every problem at once.
func (c Config) Validate() error {
	var problems []error
	if c.People < 1 || c.People > MaxPeople {
		problems = append(problems, fmt.Errorf("people: must be 1 to %d", MaxPeople))
	}
	if !c.To.After(c.From) {
		problems = append(problems, errors.New("to: must be after from"))
	}
	if c.Skew != 0 && (c.Skew <= 1 || c.Skew > 5) {
		problems = append(problems, errors.New("skew: must be 0, or above 1 and at most 5"))
	}
	if c.Journeys < 0 || c.Journeys > 20*MaxPeople {
		problems = append(problems, fmt.Errorf("journeys: must be 0 to %d", 20*MaxPeople))
	}
	return errors.Join(problems...)
}

// place names one event of the plan: the step of a journey, by the second it is sent.
type place struct {
	sent    int64
	journey int32
	step    int16
}

// Generator gives the events of a history in the order in which their sources send them.
type Generator struct {
	cfg  Config
	plan []place
	next int
}

// The first journeys of a history are those that everybody makes once.
const (
	kindRecorded = iota
	kindEnrol
	kindConfirm
	kindChoices
	onceKinds
)

// New plans a history. Steps that would be sent after To are left out.
func New(cfg Config) (*Generator, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("checking demonstration: %w", err)
	}
	if cfg.Journeys == 0 {
		cfg.Journeys = 5 * cfg.People
	}
	g := &Generator{cfg: cfg}
	for n := range onceKinds*cfg.People + cfg.Journeys {
		for i, s := range g.journey(n) {
			if !s.sent.After(cfg.To) {
				g.plan = append(g.plan, place{s.sent.Unix(), int32(n), int16(i)})
			}
		}
	}
	slices.SortFunc(g.plan, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.sent, b.sent), cmp.Compare(a.journey, b.journey), cmp.Compare(a.step, b.step))
	})
	return g, nil
}

// Len is how many events the history has.
func (g *Generator) Len() int { return len(g.plan) }

// Next gives the next event; false at the end.
func (g *Generator) Next() (Event, bool) {
	if g.next >= len(g.plan) {
		return Event{}, false
	}
	at := g.plan[g.next]
	g.next++
	return written(g.journey(int(at.journey))[at.step]), true
}

// All iterates over what is left.
func (g *Generator) All() iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for e, ok := g.Next(); ok; e, ok = g.Next() {
			if !yield(e) {
				return
			}
		}
	}
}

func written(s step) Event {
	src := sourceOf(s.source)
	zone := zones[src.Zone]
	first := s.sent
	if !s.first.IsZero() {
		first = s.first
	}
	s.event.OccurredAt, s.event.SentAt = stamp(s.at.In(zone)), stamp(first.In(zone))
	return Event{Channel: src.Channel, Source: s.source, ID: s.event.ID, Type: s.event.Type, JSON: encode(s.event), At: s.sent, Person: s.person}
}

// journey makes journey n anew; it is the same every time.
func (g *Generator) journey(n int) []step {
	r := random(g.cfg.Seed, streamJourney, n)
	span := g.cfg.To.Sub(g.cfg.From)
	j := &journey{r: r, number: n}
	if once := onceKinds * g.cfg.People; n < once {
		j.p = personOf(g.cfg.Seed, n/onceKinds)
		j.at = g.cfg.From.Add(time.Duration(r.Int64N(int64(span) / 2)).Truncate(time.Second))
		j.once(n%onceKinds, g.cfg.From)
		return j.steps
	}
	j.p = personOf(g.cfg.Seed, g.who(r))
	j.at = g.cfg.From.Add(time.Duration(r.Int64N(int64(span))).Truncate(24 * time.Hour)).Add(time.Duration(8*3600+r.IntN(12*3600)) * time.Second)
	j.often()
	return j.steps
}

func (g *Generator) who(r *rand.Rand) int {
	if g.cfg.Skew > 1 {
		return int(rand.NewZipf(r, g.cfg.Skew, 8, uint64(g.cfg.People-1)).Uint64()) //nolint:gosec // below People
	}
	return r.IntN(g.cfg.People)
}

func (j *journey) once(kind int, from time.Time) {
	switch {
	case kind == kindRecorded && j.p.account != "" && chance(j.r, 25):
		j.recorded()
	case kind == kindEnrol && j.p.card != "":
		j.enrol()
	case kind == kindConfirm && j.p.account != "" && chance(j.r, 50):
		j.confirm()
	case kind == kindChoices:
		j.at = from.Add(time.Duration(j.r.IntN(6*3600)) * time.Second)
		j.choices()
	}
}

func (j *journey) often() {
	switch x := j.r.IntN(100); {
	case x < 45, x < 80 && j.p.cookie == "", x >= 80 && x < 90 && j.p.device == "":
		j.visit()
	case x < 80:
		j.session()
	case x < 90:
		j.app()
	default:
		j.phoneCall()
	}
}
