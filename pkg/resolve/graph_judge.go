package resolve

import (
	"context"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// judge sets the standing of what changed, and the verdict of every edge that it may concern.
func (p *planner) judge(ctx context.Context) error {
	for {
		p.stand()
		var missing []identifier.Key
		p.eachToJudge(func(e *identity.Edge) {
			for _, k := range [...]identifier.Key{e.A, e.B} {
				if p.ev.Node(k) == nil {
					missing = append(missing, k)
				}
			}
		})
		if len(missing) == 0 {
			break
		}
		if err := p.loadWhole(ctx, missing); err != nil {
			return err
		}
	}
	p.judged = p.judged[:0]
	p.eachToJudge(func(e *identity.Edge) {
		a, b := p.ev.Node(e.A), p.ev.Node(e.B)
		p.judged = append(p.judged, [2]*identity.Node{a, b})
		if v := p.kernel.Judge(e, a, b, p.now); v != e.Verdict {
			e.Verdict = v
			p.changes.Edge(e)
		}
	})
	for _, n := range p.changes.Whole {
		m := p.memberOf(n)
		m.judgedNow, m.judgedRules = p.now, p.rules
	}
	return nil
}

// stand sets the standing of all whose record or edges changed; where it changes, all edges have to be judged.
func (p *planner) stand() {
	stand := func(n *identity.Node) {
		if n == nil {
			return
		}
		if s := p.kernel.Stand(n); s != n.Standing {
			n.Standing = s
			if faults.newEdgesOnly {
				return
			}
			p.changes.Judge(n)
		}
	}
	for i := 0; i < len(p.changes.Nodes); i++ {
		stand(p.changes.Nodes[i])
	}
	for _, e := range p.changes.Edges {
		stand(p.ev.Node(e.A))
		stand(p.ev.Node(e.B))
	}
}

// eachToJudge calls f for the edges whose verdict may have changed; some come twice.
func (p *planner) eachToJudge(f func(*identity.Edge)) {
	for i := 0; i < len(p.changes.Edges); i++ {
		f(p.changes.Edges[i])
	}
	for _, n := range p.changes.Whole {
		for _, e := range n.Edges {
			f(e)
		}
	}
}

// loadWhole reads keys that must have a record; one that has none (it was erased) is an identifier of which nothing is known.
func (p *planner) loadWhole(ctx context.Context, keys []identifier.Key) error {
	if err := p.load(ctx, keys); err != nil {
		return err
	}
	for _, k := range keys {
		if p.ev.Node(k) == nil {
			n := &identity.Node{Key: k, First: identity.Never, Standing: p.kernel.StandAlone(k.Value)}
			p.ev.Add(n)
			p.memberOf(n)
		}
	}
	return nil
}

// touch marks the units that have to be written: of identifiers that changed, and of both ends of edges that did.
func (p *planner) touch() {
	for _, n := range p.changes.Nodes {
		p.memberOf(n).unit.touched = true
	}
	for _, e := range p.changes.Edges {
		a, b := p.memberOf(p.ev.Node(e.A)), p.memberOf(p.ev.Node(e.B))
		holders := 0
		for _, m := range [...]*member{a, b} {
			if m.Edge(e.Other(m.Key)) == e {
				m.unit.touched = true
				holders++
			}
		}
		if holders == 2 { // a full end that does not store it is only read
			unite(a.unit, b.unit)
		}
	}
}
