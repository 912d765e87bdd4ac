package resolve

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// Sweep judges again what time has overtaken at now, at most limit components, and returns how many there were.
func (g *Graph) Sweep(ctx context.Context, space string, now int64, limit int) (int, error) {
	due, err := g.state.DueComponents(ctx, space, now, limit)
	if err != nil {
		return 0, fmt.Errorf("listing due components: %w", err)
	}
	if len(due) == 0 {
		return 0, nil
	}
	if err := g.do(ctx, space, now, &graphJob{components: due}); err != nil {
		return 0, err
	}
	return len(due), nil
}

// SetRules changes the rules of a space. From then on no plan made under older rules is accepted. What is stored is judged by
// the new ones as it is touched, and by Rejudge. Of values that are blocked now, or not any more, nothing may be stored: they are named as
// changed here.
func (g *Graph) SetRules(ctx context.Context, space string, rules identity.Rules, now int64) error {
	if err := rules.Validate(); err != nil {
		return fmt.Errorf("setting identity rules: %w", err)
	}
	content, err := encodeRules(rules)
	if err != nil {
		return err
	}
	for range maxAttempts {
		held, err := g.rulesOf(ctx, space, true)
		if err != nil {
			return err
		}
		if fixed := held.kernel.Rules().FixedProblems(rules); len(fixed) > 0 {
			return fmt.Errorf("%w: %w", ErrRulesFixed, fixed)
		}
		ok, err := g.state.SetGraphRules(ctx, space, held.version, content)
		if err != nil {
			return fmt.Errorf("setting identity rules: %w", err)
		}
		if ok {
			if _, err := g.rulesOf(ctx, space, true); err != nil {
				return err
			}
			return g.touchBlocked(ctx, space, held.kernel.Rules(), rules, now)
		}
	}
	return ErrContended
}

// touchAtOnce is how many identifiers one entry of the outbox names as changed.
const touchAtOnce = 1000

// touchBlocked names the identifiers as changed that one of two lists of blocked values holds and the other does not. The lists know values without
// their namespaces, so each is named in all of them.
func (g *Graph) touchBlocked(ctx context.Context, space string, before, after identity.Rules, now int64) error {
	if faults.blockedUntold {
		return nil
	}
	var keys []identifier.Key
	values := map[string]bool{}
	maps.Copy(values, before.Blocked)
	maps.Copy(values, after.Blocked)
	for _, v := range slices.Sorted(maps.Keys(values)) {
		if before.Blocked[v] == after.Blocked[v] {
			continue
		}
		for _, n := range slices.Sorted(maps.Keys(after.Namespaces)) {
			keys = append(keys, identifier.Key{Namespace: n, Value: v})
		}
	}
	for some := range slices.Chunk(keys, touchAtOnce) {
		if err := g.Touch(ctx, space, some, now); err != nil {
			return err
		}
	}
	return nil
}

// Rejudge judges by the rules in force what was judged by older ones: one small step over at most limit components. It starts
// at cursor "" and goes on with what it returns until that is "" again; a step may be repeated. What was merged meanwhile
// comes through Sweep.
func (g *Graph) Rejudge(ctx context.Context, space, cursor string, limit int, now int64) (string, error) {
	next, _, err := g.rejudge(ctx, space, cursor, limit, now)
	return next, err
}

func (g *Graph) rejudge(ctx context.Context, space, cursor string, limit int, now int64) (next string, components int, err error) {
	keys, next, err := g.state.ScanComponents(ctx, space, cursor, limit)
	if err != nil {
		return cursor, 0, fmt.Errorf("walking over components: %w", err)
	}
	if len(keys) == 0 {
		return next, 0, nil
	}
	if err := g.do(ctx, space, now, &graphJob{components: keys}); err != nil {
		return cursor, 0, err
	}
	return next, len(keys), nil
}

// rejudgeStep is how many components one step of RejudgeAll judges.
const rejudgeStep = 200

// RejudgeAll judges all of a space by the rules in force, in small steps that are all kept: cut short, it may begin again, and what was
// judged is read and left as it is.
func (g *Graph) RejudgeAll(ctx context.Context, space string, now func() int64, progress Progress) error {
	done := 0
	for cursor := ""; ; {
		next, n, err := g.rejudge(ctx, space, cursor, rejudgeStep, now())
		if err != nil {
			return err
		}
		done += n
		progress.tell("judging components", done, -1)
		if cursor = next; cursor == "" {
			break
		}
	}
	for {
		n, err := g.Sweep(ctx, space, now(), rejudgeStep)
		if err != nil || n == 0 {
			return err
		}
	}
}

// ReadOutbox returns what was committed after the entry with the given id ("" = from the start), oldest first.
func (g *Graph) ReadOutbox(ctx context.Context, space, after string, limit int) ([]OutboxEntry, error) {
	items, err := g.state.ReadOutbox(ctx, space, after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading outbox: %w", err)
	}
	out := make([]OutboxEntry, len(items))
	for i, item := range items {
		if out[i], err = decodeOutbox(item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// OutboxEnds returns the versions of the oldest and the newest entry of the outbox; 0 when it is empty.
func (g *Graph) OutboxEnds(ctx context.Context, space string) (oldest, newest uint64, err error) {
	if oldest, newest, err = g.state.OutboxEnds(ctx, space); err != nil {
		return 0, 0, fmt.Errorf("reading the ends of the outbox: %w", err)
	}
	return oldest, newest, nil
}

// TrimOutbox forgets the entries up to and including the given id: they were published.
func (g *Graph) TrimOutbox(ctx context.Context, space, through string) error {
	if err := g.state.TrimOutbox(ctx, space, through); err != nil {
		return fmt.Errorf("trimming outbox: %w", err)
	}
	return nil
}

// Records reads records as they are stored, for their changelog; those that are gone are left out.
func (g *Graph) Records(ctx context.Context, space string, keys []ComponentKey) (map[ComponentKey]string, error) {
	s, err := g.state.LoadComponents(ctx, space, keys)
	if err != nil {
		return nil, fmt.Errorf("reading records: %w", err)
	}
	return s.Records, nil
}

// Explain answers why an identifier is in its profile, and why others are not: all edges of the profile's identifiers.
func (g *Graph) Explain(ctx context.Context, space string, key identifier.Key, now int64) (Explanation, error) {
	var out Explanation
	err := g.look(ctx, space, []identifier.Key{key}, now, func(p *planner) {
		out = p.explain(key)
	})
	return out, err
}

// Candidates returns the profiles at the other ends of an identifier's edges: the answer for a value that stands for nobody.
func (g *Graph) Candidates(ctx context.Context, space string, key identifier.Key, now int64) ([]Profile, error) {
	var far []identifier.Key
	err := g.look(ctx, space, []identifier.Key{key}, now, func(p *planner) {
		far = nil
		if n := p.ev.Node(key); n != nil {
			for _, e := range n.Edges {
				if e.Act.Op != identity.Ban && (e.Evidenced() || e.Act.Op != identity.NoOp) {
					far = append(far, e.Other(key))
				}
			}
		}
	})
	if err != nil || len(far) == 0 {
		return nil, err
	}
	view, err := g.View(ctx, space, far, now)
	if err != nil {
		return nil, err
	}
	var out []Profile
	for _, k := range far {
		p := view.Profile(k)
		known := slices.ContainsFunc(out, func(x Profile) bool { return x.Canonical == p.Canonical })
		if !known && view.Standing(k) == identity.Clean {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b Profile) int { return identifier.Compare(a.Canonical, b.Canonical) })
	return out, nil
}

// look plans without writing and shows the plan.
func (g *Graph) look(ctx context.Context, space string, keys []identifier.Key, now int64, f func(*planner)) error {
	return g.do(ctx, space, now, &graphJob{keys: keys, readOnly: true, look: f})
}

func (p *planner) explain(key identifier.Key) Explanation {
	n := p.ev.Node(key)
	if n == nil {
		return Explanation{
			Profile: Profile{key, []identifier.Key{key}}, Standing: p.kernel.StandAlone(key.Value),
			Why: []identity.Why{{Key: key, Standing: p.kernel.StandAlone(key.Value), Code: identity.WhyEvidence}},
		}
	}
	m := p.memberOf(n)
	out := Explanation{Profile: profileOf(m), Standing: n.Standing}
	if m.unit.rec != nil {
		out.Level = m.unit.rec.level
		if !m.unit.touched { // as stored: divided once more, to name the values that a refusal is about
			nodes := make([]*identity.Node, len(m.unit.members))
			for i, x := range m.unit.members {
				nodes[i] = x.Node
			}
			p.ev.Divide(p.part, identity.Component{Level: out.Level, Nodes: nodes})
		}
	}
	told := map[*identity.Edge]bool{}
	for _, x := range m.person.nodes {
		out.Why = append(out.Why, p.kernel.Why(x))
		for _, e := range x.Edges {
			if !told[e] {
				told[e] = true
				out.Edges = append(out.Edges, p.viewEdge(e))
			}
		}
	}
	slices.SortFunc(out.Edges, func(a, b EdgeView) int {
		if c := identifier.Compare(a.A, b.A); c != 0 {
			return c
		}
		return identifier.Compare(a.B, b.B)
	})
	return out
}

func (p *planner) viewEdge(e *identity.Edge) EdgeView {
	v := EdgeView{
		A: e.A, B: e.B, Outcome: e.Outcome, Reason: e.Reason, X: e.X, Y: e.Y,
		Strength: e.Verdict.Strength, T: e.Verdict.T, Witnesses: len(e.Witnesses), Seen: slices.Clone(e.Witnesses), Act: e.Act.Op, ActID: e.Act.ID, ActT: e.Act.T,
		Compared: slices.Clone(e.Compared), Probable: e.Verdict.Usable() && e.Verdict.Strength == identity.ProbableStrength,
		AutoLink: p.kernel.Rules().AutoLink, Rules: p.rules,
	}
	for _, w := range e.Witnesses {
		if w.T == e.Verdict.T {
			v.Event = w.Event
		}
	}
	return v
}
