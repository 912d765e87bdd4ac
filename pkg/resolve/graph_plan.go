package resolve

import (
	"context"
	"errors"
	"fmt"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// errTorn says that two reads of one plan do not fit together: plan again.
var errTorn = errors.New("records were read while they changed")

// errRules says that the rules of the space moved: plan again with those.
var errRules = errors.New("rules of the space changed")

// unit is what is written or refused as a whole while planning: a record as read, or an identifier without one.
type unit struct {
	key     ComponentKey
	rec     *record // nil: an identifier without a record
	members []*member
	touched bool

	parent *unit           // of the group of units that one commit writes
	facts  []identity.Fact // those of the group that changed something; kept at the root
}

func (u *unit) root() *unit {
	for u.parent != nil {
		if u.parent.parent != nil {
			u.parent = u.parent.parent
		}
		u = u.parent
	}
	return u
}

// unite makes one group of two.
func unite(a, b *unit) {
	a, b = a.root(), b.root()
	if a == b {
		return
	}
	if len(a.facts) < len(b.facts) {
		a, b = b, a
	}
	b.parent = a
	a.facts = append(a.facts, b.facts...)
	b.facts = nil
}

// planner turns facts and what is stored into commits. It reads more when it has to, and writes nothing.
type planner struct {
	state  GraphState
	space  string
	kernel *identity.Kernel
	rules  uint64
	now    int64

	ev      *identity.Evidence
	part    *identity.Partitioner
	units   map[ComponentKey]*unit
	all     []*unit
	known   map[identifier.Key]bool // their pointers were read
	changes identity.Changes
	judged  [][2]*identity.Node // both ends of every edge that was judged
	found   []dividedComponent
	erased  map[identifier.Key]bool
	torn    int // edges of which two records that were read said different things
}

type dividedComponent struct {
	identity.Component
	people []*person
}

func newPlanner(state GraphState, space string, k *identity.Kernel, rules uint64, now int64) *planner {
	return &planner{
		state: state, space: space, kernel: k, rules: rules, now: now,
		ev: identity.NewEvidence(k), part: identity.NewPartitioner(k), units: map[ComponentKey]*unit{}, known: map[identifier.Key]bool{},
		erased: map[identifier.Key]bool{},
	}
}

// load reads what is stored of keys that were not read yet.
func (p *planner) load(ctx context.Context, keys []identifier.Key) error {
	wanted := make([]identifier.Key, 0, len(keys))
	for _, k := range keys {
		if !p.known[k] && p.readable(k) && p.ev.Node(k) == nil {
			p.known[k] = true
			wanted = append(wanted, k)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	s, err := p.state.LoadGraph(ctx, p.space, wanted)
	if err != nil {
		return fmt.Errorf("loading graph: %w", err)
	}
	return p.add(s)
}

// readable reports whether a key may have a record: one that links, or one whose namespace is yet to be found by its value.
func (p *planner) readable(k identifier.Key) bool {
	return p.kernel.Links(k.Namespace) || k.Namespace == "" && k.Value != ""
}

func (p *planner) add(s GraphSnapshot) error {
	if s.RulesVersion != p.rules {
		return errRules
	}
	for key, packed := range s.Records {
		if p.units[key] != nil {
			continue
		}
		rec, err := decodeRecord(packed)
		if err != nil {
			return err
		}
		u := &unit{key: key, rec: rec, members: rec.members}
		p.units[key] = u
		p.all = append(p.all, u)
		p.now = max(p.now, rec.now) // a plan is never older than what it was made on
		for _, m := range rec.members {
			if p.ev.Node(m.Key) != nil {
				return errTorn
			}
			m.unit, m.component, m.version = u, key, rec.version
			p.ev.Add(m.Node)
			if m.judgedRules != p.rules && !faults.standingByOldRules { // its edges are judged when a component needs them
				m.Standing = p.kernel.Stand(m.Node)
			}
		}
		for _, m := range rec.members { // before anything changes what names them
			if m.since = identity.Never; p.kernel.LooksBack() {
				m.since = m.Since()
			}
			if m.person.naming.Value == "" {
				m.person.naming = p.kernel.Naming(m.person.nodes)
			}
		}
	}
	if !faults.tornReads {
		p.torn += p.ev.Mend(&p.changes)
	}
	return nil
}

// stale lists for judgement what time or new rules have overtaken in the records read so far.
func (p *planner) stale() {
	for _, u := range p.all {
		if u.rec == nil || u.rec.rules == p.rules && (u.rec.boundary == 0 || u.rec.boundary > p.now) {
			continue
		}
		for _, m := range u.members {
			if p.overtaken(m) {
				p.changes.Judge(m.Node)
			}
		}
	}
}

// overtaken reports whether what was judged of a member may be otherwise by now, or by the rules in force.
func (p *planner) overtaken(m *member) bool {
	b := m.Boundary(m.judgedNow)
	return m.judgedRules != p.rules || b != 0 && b <= p.now
}

// freshen lists for judgement what the components found stand on and was overtaken, and reports whether there was any: verdicts by old
// rules or an old clock never mix with new ones in a plan.
func (p *planner) freshen() bool {
	before := len(p.changes.Whole)
	if faults.staleSearch {
		return false
	}
	fresh := func(n *identity.Node) {
		if p.overtaken(p.memberOf(n)) {
			p.changes.Judge(n)
		}
	}
	for i := range p.found {
		for _, n := range p.found[i].Nodes {
			fresh(n)
		}
		p.found[i].EachRead(fresh)
	}
	return len(p.changes.Whole) > before
}

// fold joins facts to what was read. Facts that change something are kept with the group of units they change.
func (p *planner) fold(facts []identity.Fact) {
	var buf [16]identifier.Key
	for _, f := range facts {
		before := p.changes.Count
		if p.ev.Fold(f, &p.changes); p.changes.Count == before {
			continue
		}
		var group *unit
		named := p.kernel.Named(f, buf[:0])
		for _, k := range named {
			n := p.ev.Node(k)
			u := p.memberOf(n).unit
			if !changes(n, named) {
				continue // one of very many neighbours: those are not one commit because they know it
			}
			if group != nil {
				unite(group, u)
			}
			group = u
		}
		root := group.root()
		root.facts = append(root.facts, f)
	}
}

// changes reports whether the record of n has to be written: for its own sake, or for an edge that it holds to one of the others.
func changes(n *identity.Node, others []identifier.Key) bool {
	if n.Changed() {
		return true
	}
	for _, k := range others {
		if k == n.Key {
			continue
		}
		if e := n.Edge(k); e != nil && e.Changed() {
			return true
		}
	}
	return false
}

// memberOf returns the member of a node; a node that is new gets a unit of its own.
func (p *planner) memberOf(n *identity.Node) *member {
	m := memberOf(n)
	if m == nil {
		m = &member{Node: n, judgedNow: p.now, judgedRules: p.rules}
		n.Kept = m
		m.unit = &unit{members: []*member{m}}
		p.all = append(p.all, m.unit)
	}
	return m
}

// run plans until nothing more has to be read.
func (p *planner) run(ctx context.Context) error {
	for {
		before, torn := p.now, p.torn
		if err := p.judge(ctx); err != nil {
			return err
		}
		p.touch()
		if err := p.components(ctx); err != nil {
			return err
		}
		if !p.freshen() && p.now == before && p.torn == torn {
			break
		}
	}
	p.divide()
	p.uniteReaders()
	return nil
}

// components searches the components of everything touched. What a component takes in is touched by that.
func (p *planner) components(ctx context.Context) error {
	for {
		var from []*identity.Node
		for _, u := range p.all {
			if u.touched {
				for _, m := range u.members {
					from = append(from, m.Node)
				}
			}
		}
		components, missing := p.ev.Components(from)
		if len(missing) > 0 {
			if err := p.loadWhole(ctx, missing); err != nil {
				return err
			}
			continue
		}
		grown := false
		for _, c := range components {
			for _, n := range c.Nodes {
				if u := p.memberOf(n).unit; !u.touched {
					u.touched, grown = true, true
				}
			}
		}
		if !grown {
			p.found = p.found[:0]
			for _, c := range components {
				p.found = append(p.found, dividedComponent{Component: c})
			}
			return nil
		}
	}
}

// divide parts the components into people, and unites what they were made of.
func (p *planner) divide() {
	for i := range p.found {
		c := &p.found[i]
		first := memberOf(c.Nodes[0]).unit
		for _, n := range c.Nodes {
			unite(first, memberOf(n).unit)
		}
		for _, x := range p.ev.Divide(p.part, c.Component) {
			one := &person{naming: x.Naming, nodes: x.Nodes}
			c.people = append(c.people, one)
			for _, n := range x.Nodes {
				memberOf(n).person = one
			}
		}
	}
}

// uniteReaders puts into one commit what was planned on each other's change: a reader of a record that another group writes.
func (p *planner) uniteReaders() {
	for _, ends := range p.judged {
		if a, b := memberOf(ends[0]).unit, memberOf(ends[1]).unit; a.touched && b.touched {
			unite(a, b)
		}
	}
	for i := range p.found {
		c := &p.found[i]
		own := memberOf(c.Nodes[0]).unit
		c.EachRead(func(n *identity.Node) {
			if u := memberOf(n).unit; u.touched {
				unite(own, u)
			}
		})
	}
}
