package identity

// Stand returns the standing of an identifier by its own record and the rules: no profile, no permission, no clock.
// Owners are counted in the raw evidence: counted by permission, one person's objection would turn a shared device into
// the other person's own.
func (k *Kernel) Stand(n *Node) Standing {
	switch {
	case k.rules.Blocked[n.Key.Value], k.patternBlocks(n):
		return Blocked
	case faults.hubsJoin:
		return Clean
	case n.Full[Strong], n.Full[Weak] && n.ns.Strength < k.rules.Strong, n.Act.Op == Quarantine:
		return Quarantined
	case n.Act.Op == Release:
		return Clean
	case k.crowded(n):
		return Quarantined
	case k.contested(n):
		return Contested
	}
	return Clean
}

// StandAlone is the standing of an identifier that has no record.
func (k *Kernel) StandAlone(value string) Standing {
	if k.rules.Blocked[value] {
		return Blocked
	}
	return Clean
}

// crowded reports whether a value has more owners than one person can have: it is a family's, a till's, a kiosk's.
func (k *Kernel) crowded(n *Node) bool {
	most := n.ns.Owners
	if most == 0 {
		return false
	}
	for _, unique := range k.uniques {
		if unique == n.ns {
			continue
		}
		owners, proved := k.owners(n, unique)
		if proved > most || proved == 0 && owners > most || owners > k.rules.Claims {
			return true
		}
	}
	return false
}

// owners counts the neighbours of n in a unique namespace by evidence; banned pairs do not count.
func (k *Kernel) owners(n *Node, unique *namespace) (all, proved int) {
	for _, e := range n.Edges {
		if e.Other(n.Key).Namespace != unique.name || !e.Evidenced() || e.Act.Op == Ban || n.Full[k.classOf(e)] {
			continue
		}
		all++
		if e.Proved() {
			proved++
		}
	}
	return all, proved
}

// contested reports whether a value carries two people by their names. A card or an account never does: it is somebody.
func (k *Kernel) contested(n *Node) bool {
	if n.ns.Unique || k.rules.Names == NamesOff {
		return false
	}
	if n.NamesFull {
		return true
	}
	for i := range n.Names {
		for j := range i {
			a, b := &n.Names[i], &n.Names[j]
			if a.Attested && b.Attested && contradict(&a.Claim, &b.Claim) {
				return true
			}
		}
	}
	return false
}

// classOf returns the class of evidence between the ends of e.
func (k *Kernel) classOf(e *Edge) int {
	return k.classBetween(k.namespace(e.A.Namespace), k.namespace(e.B.Namespace))
}

func (k *Kernel) class(a, b *Node) int { return k.classBetween(a.ns, b.ns) }

func (k *Kernel) classBetween(a, b *namespace) int {
	if min(a.Strength, b.Strength) < k.rules.Strong {
		return Weak
	}
	return Strong
}
