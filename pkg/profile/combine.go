package profile

import (
	"cmp"
	"slices"
	"strings"

	eventpb "rcu/schemas/event"
)

// Profile is the combination of the leaves of one person and controller.
type Profile struct {
	First, Last int64            // occurred_at of the first and last event, microseconds; 0 = none
	Leaves      int              // leaves with events
	Traits      []SurvivingTrait // by name
	Emptied     []Trait          // attributes that were taken away, without values, by name: when, by whom. One that counts again is among the traits, too
	Balances    []Balance        // by name, currency
	Spend       []Sum            // by currency, month, channel
	Orders      []Order          // newest first
	Baskets     []Basket         // open ones, newest first
	Cases       []Case           // newest first
	Activity    []Activity       // by channel
	Counters    map[string]int64
	Retractions int64 // facts taken back, of those remembered
}

// SurvivingTrait is the value that survives, and what it won over.
type SurvivingTrait struct {
	Trait
	Others []Trait // best first
}

// Activity is what happened on a channel.
type Activity struct {
	Channel   eventpb.Channel
	Events    int64
	First     int64
	Last      int64
	LastType  string
	LastStore string

	lastKey uint64
}

// Combine combines leaves of one controller into a profile. The order of the leaves does not matter; nothing of them is changed or kept.
func Combine(leaves []*State) Profile { return CombineBy(leaves, nil) }

// CombineBy is Combine with a survivorship of the operator's.
func CombineBy(leaves []*State, by Survivorship) Profile {
	p := Profile{Counters: map[string]int64{}}
	for _, s := range leaves {
		if s == nil || s.Empty() {
			continue
		}
		p.Leaves++
		if s.first != 0 && (p.First == 0 || s.first < p.First) {
			p.First = s.first
		}
		p.Last = max(p.Last, s.last)
		p.combineTraits(s)
		p.combineSums(s)
		p.combineActivity(s)
		p.Retractions += s.takenBack()
	}
	p.finishTraits(by)
	p.combineLogs(leaves)
	return p
}

func (p *Profile) combineTraits(s *State) {
	for i := range s.traits {
		switch t := s.traits[i]; {
		case t.Retracted:
		case strings.HasPrefix(t.Name, emptying):
			t.Name = t.Name[len(emptying):]
			p.Emptied = append(p.Emptied, t)
		default:
			p.Traits = append(p.Traits, SurvivingTrait{Trait: t})
		}
	}
	for _, b := range s.balances {
		if !b.Retracted {
			p.Balances = append(p.Balances, b)
		}
	}
}

// finishTraits sorts by name, best first, and folds the losers under the winner.
func (p *Profile) finishTraits(by Survivorship) {
	p.empty()
	n := by.count(p.Traits)
	slices.SortFunc(p.Traits, func(a, b SurvivingTrait) int {
		if c := cmp.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return by.compare(&a.Trait, &b.Trait, n)
	})
	out := p.Traits[:0]
	for _, t := range p.Traits {
		if n := len(out); n > 0 && out[n-1].Name == t.Name {
			out[n-1].Others = append(out[n-1].Others, t.Trait)
			continue
		}
		out = append(out, t)
	}
	p.Traits = by.outweighed(out, p.Emptied, n)
	slices.SortFunc(p.Balances, func(a, b Balance) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Currency, b.Currency), cmp.Compare(b.At, a.At), cmp.Compare(b.ID, a.ID))
	})
	p.Balances = slices.CompactFunc(p.Balances, func(a, b Balance) bool { return a.Name == b.Name && a.Currency == b.Currency })
}

func (p *Profile) combineSums(s *State) {
	for _, x := range s.sums {
		p.Spend = addSum(p.Spend, x)
	}
	for _, c := range s.counters {
		p.Counters[c.Type] += c.N
		p.channel(c.Channel).Events += c.N
	}
}

// channel returns the activity of a channel, new where there is none.
func (p *Profile) channel(ch eventpb.Channel) *Activity {
	i, ok := slices.BinarySearchFunc(p.Activity, ch, func(a Activity, ch eventpb.Channel) int { return cmp.Compare(a.Channel, ch) })
	if !ok {
		p.Activity = slices.Insert(p.Activity, i, Activity{Channel: ch})
	}
	return &p.Activity[i]
}

func (p *Profile) combineActivity(s *State) {
	for _, c := range s.activity {
		p.channel(c.channel).join(c)
	}
	for i := range s.log {
		if e := &s.log[i]; !e.Retracted {
			p.channel(e.Channel).join(contact{first: e.At, last: e.At, key: e.IDs[0], typ: e.Type, store: e.Store})
		}
	}
}

func (a *Activity) join(c contact) {
	if a.First == 0 || c.first < a.First {
		a.First = c.first
	}
	if newer(c.last, c.key, a.Last, a.lastKey) {
		a.Last, a.lastKey, a.LastType, a.LastStore = c.last, c.key, c.typ, c.store
	}
}

// Trait returns the surviving value of a trait.
func (p *Profile) Trait(name string) (Trait, bool) {
	i, ok := slices.BinarySearchFunc(p.Traits, name, func(t SurvivingTrait, n string) int { return cmp.Compare(t.Name, n) })
	if !ok {
		return Trait{}, false
	}
	return p.Traits[i].Trait, true
}

// Reservations lists the orders that wait to be collected, newest first.
func (p *Profile) Reservations() []*Order {
	var out []*Order
	for i := range p.Orders {
		if p.Orders[i].Reserved() {
			out = append(out, &p.Orders[i])
		}
	}
	return out
}

// ByController groups leaves, since two controllers never share contents.
func ByController(leaves []*State) map[string][]*State {
	out := map[string][]*State{}
	for _, s := range leaves {
		if s != nil && !s.Empty() {
			out[s.controller] = append(out[s.controller], s)
		}
	}
	return out
}
