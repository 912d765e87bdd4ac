package profile

import (
	"cmp"

	"rcu/pkg/identity"
	eventpb "rcu/schemas/event"
)

// Survivorship says by attribute which of the values that are known survives: ways that are asked in turn, each where the ones
// before it leave a tie. "*" is for all attributes that are not named. What is left tied is decided by source trust, then recency.
type Survivorship map[string][]identity.Survival

// ways returns how the value of an attribute is chosen; nil is source trust, then recency.
func (s Survivorship) ways(attribute string) []identity.Survival {
	if sortOf(attribute) != traitOfPerson {
		return nil // values of identifiers: all are shown, and the best is by trust
	}
	if ways, named := s[attribute]; named {
		return ways
	}
	return s["*"]
}

// spoken counts how often each value of an attribute stands on a leaf from a class of trust.
type spoken map[spokenValue]int

type spokenValue struct {
	name, value string
	sealed      bool
}

// count counts the values that survivorship by frequency asks for.
func (s Survivorship) count(traits []SurvivingTrait) spoken {
	if len(s) == 0 {
		return nil
	}
	n := make(spoken, len(traits))
	for i := range traits {
		n[valueOf(&traits[i].Trait)]++
	}
	return n
}

func valueOf(t *Trait) spokenValue { return spokenValue{t.Name, t.Value, t.Sealed} }

// compare orders two values of one attribute, the one that survives first.
func (s Survivorship) compare(a, b *Trait, n spoken) int {
	for _, way := range s.ways(a.Name) {
		if c := compareBy(way, a, b, n); c != 0 {
			return c
		}
	}
	switch {
	case planted.lastLeafSurvives:
		return 0
	case better(a, b):
		return -1
	}
	return 1
}

func compareBy(way identity.Survival, a, b *Trait, n spoken) int {
	switch way {
	case identity.SourceTrust:
		return -cmp.Compare(a.Trust, b.Trust)
	case identity.VerifiedFirst:
		return -cmp.Compare(verified(a), verified(b))
	case identity.MostFrequent:
		return -cmp.Compare(n[valueOf(a)], n[valueOf(b)])
	case identity.Recency:
		return -cmp.Compare(a.At, b.At)
	}
	return 0
}

func verified(t *Trait) int {
	if t.Trust == eventpb.Trust_TRUST_VERIFIED {
		return 1
	}
	return 0
}
