package identity

import "cmp"

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

// entry is what one identifier was told of one given name. Each field keeps its least (t, keys) that had some, so an
// entry is a join.
type entry struct {
	claim    Claim    // what holds now: the keys of the fields below
	givenT   int64    // when each was first said
	familyT  int64    // meaningful where the claim has the field
	birthT   int64    // the same
	days     [2]int64 // the two earliest distinct days on which the name was said
	attested bool     // there are two
}

func newEntry(c Claim, t int64) entry {
	return entry{claim: c, givenT: t, familyT: t, birthT: t, days: [2]int64{t / day}}
}

// speaksOf reports whether c belongs to the entry.
func (e *entry) speaksOf(c *Claim) bool {
	return e.claim.Version == c.Version && e.claim.Given[0] == c.Given[0]
}

// join adds a claim of time t for the entry's name and reports whether that changed anything.
func (e *entry) join(c *Claim, t int64) bool {
	changed := joinField(e.claim.Given[:], &e.givenT, c.Given[:], t)
	changed = joinField(e.claim.Family[:], &e.familyT, c.Family[:], t) || changed
	changed = joinField(e.claim.Birth[:], &e.birthT, c.Birth[:], t) || changed
	return e.joinDay(t/day) || changed
}

func joinField(held []uint16, heldT *int64, said []uint16, t int64) bool {
	if none(said) {
		return false
	}
	if !none(held) && cmp.Or(cmp.Compare(t, *heldT), compareAll(said, held)) >= 0 {
		return false
	}
	copy(held, said)
	*heldT = t
	return true
}

func (e *entry) joinDay(d int64) bool {
	switch {
	case d == e.days[0] || e.attested && d >= e.days[1]:
		return false
	case d < e.days[0]:
		e.days = [2]int64{d, e.days[0]}
	default:
		e.days[1] = d
	}
	e.attested = true
	return true
}

func none(keys []uint16) bool {
	for _, k := range keys {
		if k != 0 {
			return false
		}
	}
	return true
}

func compareAll(a, b []uint16) int {
	for i := range a {
		if c := cmp.Compare(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}
