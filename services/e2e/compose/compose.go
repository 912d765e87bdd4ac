package compose

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sets of people.
const (
	Febrl1 = "febrl1"
	Febrl4 = "febrl4"
	Fake   = "fake"
	RL500  = "rl500"
	Tau    = "tau"
)

// AllSets lists the sets of people.
func AllSets() []string { return []string{Febrl1, Febrl4, Fake, RL500, Tau} }

// Config says what to compose.
type Config struct {
	Data     string   // folder of the real files (RCU_DATA)
	Mappings string   // folder of deploy/mappings
	Seed     uint64   // same seed, same bytes
	Sets     []string // default: all
	People   int      // at most so many of each set; 0 = all
}

// Sources of the composition, one per channel; every one in New York's zone, with currencies in the events.
var sources = map[string]string{"store": "compose-till", "web": "compose-shop", "callcentre": "compose-desk"}

// SourceOf names the source that sends a channel's events.
func SourceOf(channel string) string { return sources[channel] }

// Event is a composed event; Person is the truth and stands nowhere in JSON.
type Event struct {
	Channel, Source, ID, Type string
	JSON                      []byte
	Person                    string // "" = names nobody
}

// Composition is what Compose makes: events in time order, and the names of the people who have one in the clear (tau-bench), for the test of namesakes.
type Composition struct {
	Events []Event
	Names  map[string]string // person -> given and family name as first written
}

type draft struct {
	channel, person string
	at              time.Time
	order           int
	ID              string            `json:"id"`
	Type            string            `json:"type"`
	OccurredAt      string            `json:"occurred_at"`
	Identifiers     []ident           `json:"identifiers,omitempty"`
	Traits          map[string]string `json:"traits,omitempty"`
	Data            json.RawMessage   `json:"data,omitempty"`
}

// Compose puts the people under the real events.
func Compose(cfg Config) (Composition, error) {
	events, err := loadReal(cfg.Data, cfg.Mappings)
	if err != nil {
		return Composition{}, err
	}
	return composeFrom(cfg, events)
}

func composeFrom(cfg Config, events real) (Composition, error) {
	if len(cfg.Sets) == 0 {
		cfg.Sets = AllSets()
	}
	c := &composer{cfg: cfg, real: events, out: Composition{Names: map[string]string{}}}
	for _, set := range cfg.Sets {
		people, err := peopleOf(cfg.Data, set)
		if err != nil {
			return Composition{}, fmt.Errorf("reading people of %s: %w", set, err)
		}
		if cfg.People > 0 && len(people) > cfg.People {
			people = people[:cfg.People]
		}
		c.set(people)
	}
	return c.finish()
}

func peopleOf(data, set string) ([]entity, error) {
	er := func(name string) string { return filepath.Join(data, "er", name) }
	switch set {
	case Febrl1:
		return febrl(set, er("febrl1.csv"))
	case Febrl4:
		return febrl(set, er("febrl4a.csv"), er("febrl4b.csv"))
	case Fake:
		return fake1000(er("fake_1000.csv"))
	case RL500:
		return rl500(er("RLdata500.csv"))
	case Tau:
		return tau(filepath.Join(data, "callcentre"))
	}
	return nil, fmt.Errorf("unknown set %q", set)
}

func parseDay(s string) (time.Time, error) { return time.Parse(time.DateOnly, s) }

type composer struct {
	cfg    Config
	real   real
	drafts []draft
	out    Composition
	n      int
}

func (c *composer) random(parts ...string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.Join(parts, "\x00")))
	return rand.New(rand.NewPCG(c.cfg.Seed, h.Sum64()))
}

// holder is what a person has to be recognised by.
type holder struct{ card, email, phone, customer, pay string }

func (c *composer) holderOf(e entity) holder {
	r := c.random("holder", e.person())
	number := func(digits int) string {
		s := strconv.FormatInt(r.Int64N(1_000_000_000_000), 10)
		return strings.Repeat("0", max(0, digits-len(s))) + s[max(0, len(s)-digits):]
	}
	var h holder
	first := e.variants[0]
	for _, v := range e.variants {
		if v.email != "" && strings.Contains(v.email, "@") {
			h.email = v.email
			break
		}
	}
	if h.email == "" && e.set != Fake && chance(r, 85) {
		h.email = letters(first.given) + "." + letters(first.family) + number(5) + "@example.com"
	}
	if chance(r, 75) {
		h.card = "C" + number(9)
	}
	if chance(r, 70) {
		h.phone = "+1212" + string("23456789"[r.IntN(8)]) + number(6)
	}
	if h.customer = e.customer; h.customer == "" && chance(r, 60) {
		h.customer = "A" + number(9)
	}
	if chance(r, 50) {
		h.pay = "tok" + number(12)
	}
	return h
}

func letters(s string) string {
	var b strings.Builder
	for _, c := range strings.ToLower(s) {
		if c >= 'a' && c <= 'z' {
			b.WriteRune(c)
		}
	}
	if b.Len() == 0 {
		return "x"
	}
	return b.String()
}

func chance(r *rand.Rand, percent float64) bool { return r.Float64()*100 < percent }

// set composes the events of one set of people. One in twelve lives with the person before and uses that person's e-mail or phone.
func (c *composer) set(people []entity) {
	for i, e := range people {
		h := c.holderOf(e)
		if r := c.random("home", e.person()); i > 0 && e.set != Tau && chance(r, 8) {
			other := c.holderOf(people[i-1])
			if r.IntN(2) == 0 && other.email != "" {
				h.email = other.email
			} else if other.phone != "" {
				h.phone = other.phone
			}
		}
		c.person(e, h)
	}
}

func (c *composer) finish() (Composition, error) {
	slices.SortFunc(c.drafts, func(a, b draft) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.order, b.order)) })
	for i := range c.drafts {
		d := &c.drafts[i]
		d.ID = fmt.Sprintf("e%07d", i+1)
		raw, err := json.Marshal(d)
		if err != nil {
			return Composition{}, fmt.Errorf("encoding event: %w", err)
		}
		c.out.Events = append(c.out.Events, Event{Channel: d.channel, Source: sources[d.channel], ID: d.ID, Type: d.Type, JSON: raw, Person: d.person})
	}
	return c.out, nil
}
