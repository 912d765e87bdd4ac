package identity_test

import (
	"fmt"
	"slices"

	"rcu/pkg/identity"
)

// partNobody is law 12: what probable matches link by the rules are people as they are without them, put together and never parted; and
// a link that such a match alone makes is permitted now.
func partNobody(f *identity.Facts) string {
	without := *f
	without.Rules.AutoLink = 0
	with, off := solved(f), solved(&without)
	holder := map[string]string{}
	for naming, members := range with.Profiles {
		for _, m := range members {
			holder[m] = naming
		}
	}
	for naming, members := range off.Profiles {
		for _, m := range members {
			if holder[m] != holder[members[0]] {
				return fmt.Sprintf("%s and %s are one person without probable matches and two with them", m, members[0])
			}
		}
		if slices.ContainsFunc(f.Decisions, func(d *identity.Decision) bool { return objects(f, d) && slices.Contains(members, d.Point.Value) }) &&
			len(members) == 1 && len(with.Profiles[holder[naming]]) > 1 {
			return fmt.Sprintf("%s is linked against its word", naming)
		}
	}
	if len(with.Profiles) < len(off.Profiles) && f.Rules.AutoLink == 0 {
		return "the rule is off and links people"
	}
	return ""
}

// objects reports whether a decision is a denial of being joined at all that holds now: the last one, said alone at its time.
func objects(f *identity.Facts, d *identity.Decision) bool {
	if d.Purpose != identity.UnifyCore || !d.Denies() || d.At > f.Now {
		return false
	}
	return !slices.ContainsFunc(f.Decisions, func(x *identity.Decision) bool {
		return x != d && x.Point == d.Point && x.Purpose == d.Purpose && x.At >= d.At && x.At <= f.Now
	})
}
