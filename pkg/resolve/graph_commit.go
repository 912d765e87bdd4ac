package resolve

import (
	"cmp"
	"slices"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// planned is one commit, and what it was made of.
type planned struct {
	GraphCommit
	root       *unit
	units      []*unit // touched
	reads      []*unit // not touched, but looked at
	components []*dividedComponent
	gone       []*member // erased, and nothing is left to store of them
}

// commits groups what was planned: what depends on each other is written by one commit, the rest apart, so that a conflict
// costs a new plan for its own part only.
func (p *planner) commits() []*planned {
	byRoot := map[*unit]*planned{}
	var out []*planned
	for _, u := range p.all {
		if !u.touched {
			continue
		}
		root := u.root()
		c := byRoot[root]
		if c == nil {
			c = &planned{root: root}
			byRoot[root] = c
			out = append(out, c)
		}
		c.units = append(c.units, u)
	}
	p.gatherReads(byRoot)
	for _, n := range p.changes.Whole {
		p.memberOf(n).whole = true
	}
	for i := range p.found {
		c := byRoot[memberOf(p.found[i].Nodes[0]).unit.root()]
		c.components = append(c.components, &p.found[i])
	}
	for _, c := range out {
		p.fill(c)
	}
	return out
}

// gatherReads lists for each commit what it looked at without touching it: records, and identifiers without one, which another worker may
// have made meanwhile.
func (p *planner) gatherReads(byRoot map[*unit]*planned) {
	read := func(by, u *unit) {
		if c := byRoot[by.root()]; c != nil && by.touched && !u.touched && (u.rec != nil || !faults.absentReads) {
			c.reads = append(c.reads, u)
		}
	}
	for _, ends := range p.judged {
		a, b := memberOf(ends[0]).unit, memberOf(ends[1]).unit
		read(a, b)
		read(b, a)
	}
	for i := range p.found {
		by := memberOf(p.found[i].Nodes[0]).unit
		p.found[i].EachRead(func(n *identity.Node) { read(by, memberOf(n).unit) })
	}
}

// fill completes the commit: what it was planned on, what it writes, and what it tells.
func (p *planner) fill(c *planned) {
	c.RulesVersion, c.Now = p.rules, p.now
	slices.SortFunc(c.components, func(a, b *dividedComponent) int { return cmp.Compare(len(b.Nodes), len(a.Nodes)) })
	c.drop(p)
	kept := map[ComponentKey]bool{}
	for _, x := range c.components {
		key := keyToKeep(x, kept)
		kept[key] = true
		c.Writes = append(c.Writes, p.write(x, key))
	}
	for _, u := range c.units {
		if u.rec == nil {
			c.Pointers = append(c.Pointers, PointerRead{Key: u.members[0].Key})
			continue
		}
		c.Records = append(c.Records, RecordRead{Component: u.key, Version: u.rec.version, Gone: !kept[u.key]})
	}
	seen := map[*unit]bool{}
	for _, u := range c.reads {
		switch {
		case seen[u]:
			continue
		case u.rec == nil:
			c.Pointers = append(c.Pointers, PointerRead{Key: u.members[0].Key})
		default:
			c.Records = append(c.Records, RecordRead{Component: u.key, Version: u.rec.version})
		}
		seen[u] = true
	}
	c.Outbox = encodeOutbox(p.untold(c, p.entry(c)))
	if faults.absenceUnchecked {
		c.Pointers = nil
	}
}

// keyToKeep returns the key of the old record that gives a component most of its identifiers, if no other component keeps it;
// so few pointers have to be written. Zero is a new key.
func keyToKeep(x *dividedComponent, taken map[ComponentKey]bool) (best ComponentKey) {
	count := map[ComponentKey]int{}
	for _, n := range x.Nodes {
		u := memberOf(n).unit
		if u.rec == nil || taken[u.key] {
			continue
		}
		count[u.key]++
		if c := cmp.Compare(count[u.key], count[best]); best.IsZero() || c > 0 || c == 0 && string(u.key[:]) < string(best[:]) {
			best = u.key
		}
	}
	return best
}

func (p *planner) write(x *dividedComponent, key ComponentKey) RecordWrite {
	r := &record{now: p.now, rules: p.rules, level: x.Level}
	w := RecordWrite{Component: key}
	for _, one := range x.people {
		for _, n := range one.nodes {
			m := memberOf(n)
			r.members = append(r.members, m)
			r.rules = min(r.rules, m.judgedRules)
			if b := m.Boundary(m.judgedNow); b != 0 && (r.boundary == 0 || b < r.boundary) {
				r.boundary = b
			}
			if m.component != key || key.IsZero() {
				w.Moved = append(w.Moved, m.Key)
			}
		}
	}
	if r.rules < p.rules && (r.boundary == 0 || r.boundary > p.now) {
		r.boundary = max(p.now, 1) // due at once: some of it was judged by older rules
	}
	w.Boundary = r.boundary
	w.Review = identity.Weigh(identity.Review(x.Level, nodesOf(x.people)))
	w.Value = encodeRecord(r)
	return w
}

// settle takes over what an accepted commit wrote, so that a view may show it.
func (c *planned) settle(version uint64) {
	for i, x := range c.components {
		for _, n := range x.Nodes {
			m := memberOf(n)
			m.component, m.version = c.Writes[i].Component, version
		}
	}
	for _, m := range c.gone {
		m.component, m.version = ComponentKey{}, 0
	}
}

// keys returns the identifiers that a refused commit was about.
func (c *planned) keys() []identifier.Key {
	var out []identifier.Key
	for _, u := range c.units {
		for _, m := range u.members {
			out = append(out, m.Key)
		}
	}
	return out
}
