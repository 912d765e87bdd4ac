package resolve

import (
	"slices"
	"strconv"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// entry tells what a commit changes.
func (p *planner) entry(c *planned) *OutboxEntry {
	t := teller{p: p, c: c, out: &OutboxEntry{Now: p.now}}
	t.identifiers()
	t.people()
	t.edges()
	return t.out
}

// teller compares what was read with what was planned.
type teller struct {
	p   *planner
	c   *planned
	out *OutboxEntry
}

func (t *teller) eachMember(f func(*member, *dividedComponent)) {
	for _, x := range t.c.components {
		for _, one := range x.people {
			for _, n := range one.nodes {
				f(memberOf(n), x)
			}
		}
	}
}

func (t *teller) add(x Transition) {
	x.CauseKind, x.CauseID = t.cause(x.Identifiers)
	t.out.Transitions = append(t.out.Transitions, x)
}

// cause is the first fact of the commit that names one of the identifiers, else its first fact, else the clock or the rules.
func (t *teller) cause(about []identifier.Key) (kind, id string) {
	facts := t.c.root.root().facts
	if len(facts) == 0 {
		for _, u := range t.c.units {
			if u.rec != nil && u.rec.rules != t.p.rules {
				return "rules", strconv.FormatUint(t.p.rules, 10)
			}
		}
		return "clock", strconv.FormatInt(t.p.now, 10)
	}
	best := facts[0]
	if len(facts) > 1 {
		var buf [16]identifier.Key
		named := func(f identity.Fact) bool {
			return slices.ContainsFunc(t.p.kernel.Named(f, buf[:0]), func(k identifier.Key) bool { return slices.Contains(about, k) })
		}
		if i := slices.IndexFunc(facts, named); i >= 0 {
			best = facts[i]
		}
	}
	switch best.(type) {
	case *identity.Decision:
		kind = "decision"
	case *identity.Act:
		kind = "act"
	case *identity.Match:
		kind = "match"
	default:
		kind = "event"
	}
	return kind, best.FactID()
}

var standingKinds = [...]TransitionKind{
	identity.Clean: Released, identity.Blocked: BlockedNow, identity.Quarantined: Quarantined, identity.Contested: Contested,
}

// identifiers tells of standing, size, and of everybody whose leaves may have another owner now.
func (t *teller) identifiers() {
	t.eachMember(func(m *member, x *dividedComponent) {
		before := identifier.Key{}
		if m.before != nil {
			before = m.before.naming
		}
		moved := t.p.kernel.LooksBack() && m.since != m.Since() && !faults.lookBackUntold
		if before != m.person.naming || m.was != m.Standing || m.whole || moved {
			t.out.Changed = append(t.out.Changed, IdentifierChange{m.Key, before, m.person.naming, m.Standing})
		}
		if m.was != m.Standing {
			t.add(Transition{Kind: standingKinds[m.Standing], Profile: m.person.naming, Identifiers: []identifier.Key{m.Key}, Reason: m.was.String()})
		}
		if x.Level > 0 && (m.unit.rec == nil || m.unit.rec.level == 0) {
			t.add(Transition{Kind: Oversized, Profile: m.person.naming, Identifiers: []identifier.Key{m.Key}})
		}
	})
}

// people tells of people that were made, joined, divided, renamed.
func (t *teller) people() {
	parts := map[*person][]*person{} // before -> after
	var order []*person
	for _, x := range t.c.components {
		for _, one := range x.people {
			var sources []*person
			fresh := false
			for _, n := range one.nodes {
				m := memberOf(n)
				if m.before == nil {
					fresh = true
					continue
				}
				if !slices.Contains(sources, m.before) {
					sources = append(sources, m.before)
				}
			}
			t.person(one, sources, fresh)
			for _, s := range sources {
				if parts[s] == nil {
					order = append(order, s)
				}
				parts[s] = append(parts[s], one)
			}
		}
	}
	for _, before := range order {
		if after := parts[before]; len(after) > 1 {
			t.add(Transition{
				Kind: Split, Profile: after[0].naming, Before: []identifier.Key{before.naming},
				After: namesOf(after), Identifiers: keysOf(before.nodes),
			})
		}
	}
}

func (t *teller) person(one *person, sources []*person, fresh bool) {
	x := Transition{Profile: one.naming, After: []identifier.Key{one.naming}, Identifiers: keysOf(one.nodes)}
	for _, s := range sources {
		x.Before = append(x.Before, s.naming)
	}
	switch {
	case len(sources) == 0:
		x.Kind = Created
	case len(sources) > 1:
		x.Kind = Merged
	case fresh:
		x.Kind = Linked
	case x.Before[0] != one.naming && len(one.nodes) == len(sources[0].nodes):
		x.Kind = Renamed
	default:
		return
	}
	t.add(x)
}

func namesOf(people []*person) []identifier.Key {
	out := make([]identifier.Key, len(people))
	for i, x := range people {
		out[i] = x.naming
	}
	return out
}

func keysOf(nodes []*identity.Node) []identifier.Key {
	out := make([]identifier.Key, len(nodes))
	for i, n := range nodes {
		out[i] = n.Key
	}
	return out
}

// edges tells of edges that came into force, lost it, or were refused by a rule of the partition.
func (t *teller) edges() {
	told := map[*identity.Edge]bool{}
	t.eachMember(func(m *member, _ *dividedComponent) {
		for _, e := range m.Edges {
			if !told[e] {
				told[e] = true
				t.edge(m, e)
			}
		}
	})
}

func (t *teller) edge(m *member, e *identity.Edge) {
	x := Transition{Profile: m.person.naming, Identifiers: []identifier.Key{e.A, e.B}, Reason: e.Reason.String()}
	active := e.Outcome != identity.RefusedEdge
	banned, wasBanned := e.Act.Op == identity.Ban, e.Before.Op == identity.Ban
	switch {
	case banned && !wasBanned:
		x.Kind = Banned
	case wasBanned && !banned:
		x.Kind = Lifted
	case active && e.Before.Known && !e.Before.Active:
		x.Kind, x.Reason = Activated, e.Before.Reason.String()
	case !active && e.Reason.OfPartition() && (e.Before.Active || e.Before.Reason != e.Reason):
		x.Kind = Refused
		if e.X.Value != "" {
			x.Identifiers = append(x.Identifiers, e.X, e.Y)
		}
	case !active && e.Before.Active:
		x.Kind = Deactivated
	default:
		return
	}
	t.add(x)
}
