package identity

import "rcu/pkg/identifier"

// WhyCode names what decides on the standing of an identifier.
type WhyCode string

// What decides on a standing, in the order in which it is asked.
const (
	WhyBlocked  WhyCode = "blocked"    // by the rules
	WhyFull     WhyCode = "full"       // it was seen with as many others as are kept, for good
	WhyAct      WhyCode = "act"        // a steward said so
	WhyOwners   WhyCode = "owners"     // more proved owners than one person can have, or more stated ones and none proved
	WhyClaims   WhyCode = "claims"     // so many stated owners that one proved owner does not count
	WhyManyName WhyCode = "many_names" // as many given names as are kept, for good
	WhyNames    WhyCode = "names"      // two attested names that contradict each other
	WhyEvidence WhyCode = "evidence"   // nothing speaks against it
)

// Why says what gives an identifier its standing.
type Why struct {
	Key      identifier.Key
	Standing Standing
	Code     WhyCode
	Act      LastAct          // of WhyAct
	Owners   []identifier.Key // of WhyOwners and WhyClaims: as the evidence has them, in order
	Proved   int              // how many of them are proved
	Most     int              // how many there may be
}

// Why says what decides on the standing of n: the first of what Stand asks that holds.
func (k *Kernel) Why(n *Node) Why {
	w := Why{Key: n.Key, Standing: Quarantined}
	switch {
	case k.rules.Blocked[n.Key.Value], k.patternBlocks(n):
		w.Standing, w.Code = Blocked, WhyBlocked
	case n.Full[Strong], n.Full[Weak] && n.ns.Strength < k.rules.Strong:
		w.Code, w.Most = WhyFull, k.rules.MaxDegree
	case n.Act.Op == Quarantine:
		w.Code, w.Act = WhyAct, n.Act
	case n.Act.Op == Release:
		w.Standing, w.Code, w.Act = Clean, WhyAct, n.Act
	case k.crowded(n):
		k.whyCrowded(n, &w)
	case k.contested(n) && n.NamesFull:
		w.Standing, w.Code, w.Most = Contested, WhyManyName, k.rules.MaxNames
	case k.contested(n):
		w.Standing, w.Code = Contested, WhyNames
	default:
		w.Standing, w.Code = Clean, WhyEvidence
	}
	return w
}

// whyCrowded names the owners of the first unique namespace that has too many.
func (k *Kernel) whyCrowded(n *Node, w *Why) {
	for _, unique := range k.uniques {
		if unique == n.ns {
			continue
		}
		all, proved := k.owners(n, unique)
		most := n.ns.Owners
		byOwners, byClaims := proved > most || proved == 0 && all > most, all > k.rules.Claims
		if !byOwners && !byClaims {
			continue
		}
		w.Code, w.Most, w.Proved = WhyOwners, most, proved
		if !byOwners {
			w.Code, w.Most = WhyClaims, k.rules.Claims
		}
		for _, e := range n.Edges {
			if far := e.Other(n.Key); far.Namespace == unique.name && e.Evidenced() && e.Act.Op != Ban {
				w.Owners = append(w.Owners, far)
			}
		}
		return
	}
}
