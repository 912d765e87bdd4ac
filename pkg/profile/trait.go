package profile

import (
	"cmp"
	"slices"
	"strings"

	"rcu/pkg/identifier"
	eventpb "rcu/schemas/event"
)

// Trait is one value of a trait: the newest of its trust class on a leaf.
type Trait struct {
	Name      string
	Trust     eventpb.Trust
	At        int64  // when it was true: the event's time, or the trait's own date; microseconds
	ID        uint64 // of the event that gave it
	Source    string
	Sealed    bool // Value is sealed under the subject's key
	Value     string
	Retracted bool // the event that gave it was taken back
}

// emptying begins the names under which leaves keep that an attribute was taken away, apart from its values: a value that is told later replaces none.
const emptying = "-"

// Balance is the newest statement of a balance.
type Balance struct {
	Name      string
	Currency  string // empty for points
	Minor     int64
	At        int64
	ID        uint64
	Retracted bool
}

// better orders two values of one trait: trust (verified is the highest class), then recency, then the digest of the event.
func better(a, b *Trait) bool {
	if a.Trust != b.Trust {
		return a.Trust > b.Trust
	}
	return newer(a.At, a.ID, b.At, b.ID)
}

func (s *State) foldTraits(f Folding, id uint64, retracted bool) {
	ev := f.Event
	dates := ev.GetCustomerRecorded().GetTraitDates()
	t := Trait{Trust: ev.Trust, ID: id, Source: cut(ev.Source), Retracted: retracted}
	for name, v := range ev.Traits {
		t.Name, t.Value, t.Sealed, t.At = name, v, false, dated(dates, name, ev.OccurredAt)
		s.putTrait(t)
	}
	for name, v := range f.Traits {
		t.Name, t.Value, t.Sealed, t.At = name, string(v), true, dated(dates, name, ev.OccurredAt)
		s.putTrait(t)
	}
	for _, name := range ev.GetIdentifierProvided().GetEmptied() {
		t.Name, t.Value, t.Sealed, t.At = emptying+name, "", false, ev.OccurredAt
		s.putTrait(t)
	}
	for _, b := range ev.GetCustomerRecorded().GetBalances() {
		s.putBalance(Balance{Name: cut(b.Name), Currency: cut(b.Currency), Minor: b.Minor, At: ev.OccurredAt, ID: id, Retracted: retracted})
	}
}

func dated(dates map[string]int64, name string, occurred int64) int64 {
	if t, ok := dates[name]; ok {
		return t
	}
	return occurred
}

func (s *State) putTrait(t Trait) {
	if len(t.Value) > limits.TraitBytes || len(t.Name) > limits.Text {
		return
	}
	i, ok := slices.BinarySearchFunc(s.traits, t, func(a, b Trait) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Trust, b.Trust)) })
	if ok {
		if newer(t.At, t.ID, s.traits[i].At, s.traits[i].ID) || planted.lastTraitWins {
			s.traits[i] = t
		}
		return
	}
	s.traits = slices.Insert(s.traits, i, t)
	if len(s.traits) > limits.Traits {
		s.boundTraits(sortOf(t.Name))
	}
}

// boundTraits forgets the oldest trait of one sort when there are too many of it. Sorts are bounded apart: the number of every
// ticket is kept as a trait, and must not push out the name of the customer.
func (s *State) boundTraits(sort traitSort) {
	n, oldest := 0, -1
	for i := range s.traits {
		if sortOf(s.traits[i].Name) != sort {
			continue
		}
		if n++; oldest < 0 || traitRank(&s.traits[i], &s.traits[oldest]) < 0 {
			oldest = i
		}
	}
	if n > limits.Traits {
		s.traits = slices.Delete(s.traits, oldest, oldest+1)
	}
}

// traitSort tells traits apart by how many of them a person can have.
type traitSort uint8

const (
	traitOfPerson traitSort = iota
	valueOfIdentifier
	valueOfReference
)

// sortOf reads the sort of a trait off its name: values of identifiers are named # and the namespace.
func sortOf(name string) traitSort {
	if !strings.HasPrefix(name, "#") {
		return traitOfPerson
	}
	namespace, _, _ := strings.Cut(name[1:], ":")
	if identifier.Namespace(namespace).Kind() == identifier.KindReference {
		return valueOfReference
	}
	return valueOfIdentifier
}

// traitRank orders traits by what is kept longest: the newest, whatever their name.
func traitRank(a, b *Trait) int {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Trust, b.Trust))
}

func (s *State) putBalance(b Balance) {
	i, ok := slices.BinarySearchFunc(s.balances, b, func(a, b Balance) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Currency, b.Currency))
	})
	if ok {
		if newer(b.At, b.ID, s.balances[i].At, s.balances[i].ID) {
			s.balances[i] = b
		}
		return
	}
	s.balances = slices.Insert(s.balances, i, b)
	if len(s.balances) > limits.Balances {
		oldest := 0
		for j := range s.balances {
			if newer(s.balances[oldest].At, s.balances[oldest].ID, s.balances[j].At, s.balances[j].ID) {
				oldest = j
			}
		}
		s.balances = slices.Delete(s.balances, oldest, oldest+1)
	}
}

// hideTraits hides what a retracted event said.
func (s *State) hideTraits(id uint64) {
	for i := range s.traits {
		if s.traits[i].ID == id {
			s.traits[i].Retracted = true
		}
	}
	for i := range s.balances {
		if s.balances[i].ID == id {
			s.balances[i].Retracted = true
		}
	}
}

// Traits returns every value kept, by name and trust. The caller does not change them.
func (s *State) Traits() []Trait { return s.traits }
