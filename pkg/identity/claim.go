package identity

import (
	"cmp"
	"slices"
)

// ClaimVersion is the version of the code that makes claims: the normaliser, the table of diminutives, the kinds of key.
// Claims of two versions are unknown to each other.
const ClaimVersion = 1

// Claim says whom an event speaks of, as keys of 16 bits that can only be compared; 0 = none. No given name: no claim.
type Claim struct {
	Version uint8
	Given   [3]uint16
	Family  [3]uint16
	Birth   [4]uint16
}

// Known reports whether there is a claim at all.
func (c Claim) Known() bool { return c.Given[0] != 0 }

// likeness of two fields of two claims.
type likeness uint8

const (
	unknown likeness = iota
	same
	different
)

// compareKeys says whether two fields share a key; unknown where one has none.
func compareKeys(a, b []uint16) likeness {
	out := unknown
	for _, x := range a {
		for _, y := range b {
			if x == 0 || y == 0 {
				continue
			}
			if x == y {
				return same
			}
			out = different
		}
	}
	return out
}

// contradict reports whether a and b cannot speak of one person. Family name alone never contradicts.
func contradict(a, b *Claim) bool {
	if a.Version != b.Version {
		return false
	}
	given := compareKeys(a.Given[:], b.Given[:])
	family := compareKeys(a.Family[:], b.Family[:])
	birth := compareKeys(a.Birth[:], b.Birth[:])
	if compareKeys(a.Given[:], b.Family[:]) == same && compareKeys(a.Family[:], b.Given[:]) == same {
		given, family = same, same
	}
	return given == different && birth != same || birth == different && family == different
}

// Name is what one identifier was told of one given name. Each field keeps its least (t, keys) that had some, so a Name
// is a join.
type Name struct {
	Claim    Claim // the keys that hold now
	GivenT   int64 // when each field was first said; 0 where there is none
	FamilyT  int64
	BirthT   int64
	Days     [2]int64 // the two earliest distinct days on which the name was said
	Attested bool     // there are two: one wrong name typed at a till must not move anybody
}

// speaksOf reports whether c is told of the same given name, by the same code.
func (n *Name) speaksOf(c *Claim) bool {
	return n.Claim.Version == c.Version && n.Claim.Given[0] == c.Given[0]
}

// join adds a claim of time t and reports whether that changed anything.
func (n *Name) join(c *Claim, t int64) bool {
	changed := joinField(n.Claim.Given[:], &n.GivenT, c.Given[:], t)
	changed = joinField(n.Claim.Family[:], &n.FamilyT, c.Family[:], t) || changed
	changed = joinField(n.Claim.Birth[:], &n.BirthT, c.Birth[:], t) || changed
	return n.joinDay(t/day) || changed
}

func joinField(held []uint16, heldT *int64, said []uint16, t int64) bool {
	if none(said) {
		return false
	}
	if !none(held) && cmp.Or(cmp.Compare(t, *heldT), slices.Compare(said, held)) >= 0 {
		return false
	}
	copy(held, said)
	*heldT = t
	return true
}

func (n *Name) joinDay(d int64) bool {
	switch {
	case d == n.Days[0] || n.Attested && d >= n.Days[1]:
		return false
	case d < n.Days[0]:
		n.Days = [2]int64{d, n.Days[0]}
	default:
		n.Days[1] = d
	}
	n.Attested = true
	return true
}

func none(keys []uint16) bool {
	return !slices.ContainsFunc(keys, func(k uint16) bool { return k != 0 })
}
