package resolve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
)

// maxAttempts bounds how often one call plans again. Each round of conflicts lets at least one of the writers through.
const maxAttempts = 1000

// Graph applies facts to the graphs of spaces. It is safe for concurrent use, here and in other processes.
type Graph struct {
	state GraphState
	base  *identity.Kernel

	mu    sync.Mutex
	rules map[string]spaceRules
}

type spaceRules struct {
	version uint64
	kernel  *identity.Kernel
}

// NewGraph returns a graph over state. The given rules hold in a space until SetRules sets others.
func NewGraph(state GraphState, rules identity.Rules) (*Graph, error) {
	k, err := identity.NewKernel(rules)
	if err != nil {
		return nil, err
	}
	return &Graph{state: state, base: k, rules: map[string]spaceRules{}}, nil
}

// Apply plans and commits facts until they are stored, and returns a view as of now over all identifiers that they and also name.
func (g *Graph) Apply(ctx context.Context, space string, facts []identity.Fact, also []identifier.Key, now int64) (*View, error) {
	keys := named(facts, also)
	job := graphJob{facts: facts, keys: keys, show: newView(len(keys))}
	if err := g.do(ctx, space, now, &job); err != nil {
		return nil, err
	}
	return job.show, nil
}

// View reads identifiers as of now. What time has overtaken is judged in memory: a late sweep never shows too much.
func (g *Graph) View(ctx context.Context, space string, keys []identifier.Key, now int64) (*View, error) {
	job := graphJob{keys: keys, show: newView(len(keys)), readOnly: true}
	if err := g.do(ctx, space, now, &job); err != nil {
		return nil, err
	}
	return job.show, nil
}

// viewWhole is a View that shows with each identifier everything that its record holds.
func (g *Graph) viewWhole(ctx context.Context, space string, keys []identifier.Key, now int64) (*View, error) {
	job := graphJob{keys: keys, show: newView(2 * len(keys)), readOnly: true}
	job.look = func(p *planner) {
		for _, u := range p.all {
			for _, m := range u.members {
				job.show.take(p, m.Key)
			}
		}
	}
	if err := g.do(ctx, space, now, &job); err != nil {
		return nil, err
	}
	return job.show, nil
}

// named lists the identifiers of facts, each once.
func named(facts []identity.Fact, also []identifier.Key) []identifier.Key {
	seen := make(map[identifier.Key]struct{}, 2*len(facts)+len(also))
	out := make([]identifier.Key, 0, 2*len(facts)+len(also))
	add := func(keys ...identifier.Key) {
		for _, k := range keys {
			if _, known := seen[k]; !known {
				seen[k] = struct{}{}
				out = append(out, k)
			}
		}
	}
	for _, f := range facts {
		switch f := f.(type) {
		case *identity.Event:
			add(f.Keys...)
		case *identity.Decision:
			add(f.Point)
		case *identity.Act:
			if add(f.A); f.OnPair() {
				add(f.B)
			}
		case *identity.Match:
			add(f.A, f.B)
		}
	}
	add(also...)
	return out
}

// graphJob is what a call wants: facts to store, identifiers to show, components to judge.
type graphJob struct {
	facts      []identity.Fact
	keys       []identifier.Key
	components []ComponentKey
	show       *View
	readOnly   bool
	look       func(*planner)   // sees the plan of a read-only job
	erases     bool             // its keys are erased
	beside     []identifier.Key // neighbours of a hub that is erased
	wide       bool             // its plan had a commit that holds the store up too long: it is stored in steps
}

// do plans and commits until nothing of the job is left.
func (g *Graph) do(ctx context.Context, space string, now int64, job *graphJob) error {
	for range maxAttempts {
		if err := ctx.Err(); err != nil {
			return err
		}
		rules, err := g.rulesOf(ctx, space, false)
		if err != nil {
			return err
		}
		err = g.attempt(ctx, newPlanner(g.state, space, rules.kernel, rules.version, now), job)
		switch {
		case errors.Is(err, errTorn):
		case errors.Is(err, errRules):
			if _, err := g.rulesOf(ctx, space, true); err != nil {
				return err
			}
		case err != nil:
			return err
		case job.wide:
			if err := g.inSteps(ctx, space, now, job); err != nil {
				return err
			}
		case len(job.facts) == 0 && len(job.keys) == 0 && len(job.components) == 0:
			return nil
		}
	}
	return ErrContended
}

// attempt makes one plan, commits it, and leaves in the job what was refused.
func (g *Graph) attempt(ctx context.Context, p *planner, job *graphJob) error {
	if err := p.read(ctx, job); err != nil {
		return err
	}
	p.stale()
	p.fold(job.facts)
	if job.erases {
		if err := p.erase(ctx, job.keys, job.beside); err != nil {
			return err
		}
	}
	var refused []*planned
	if p.changes.Count > 0 {
		if err := p.run(ctx); err != nil {
			return err
		}
		if !job.readOnly {
			var err error
			if refused, err = p.commit(ctx, job); err != nil {
				return err
			}
		}
	}
	if job.look != nil {
		job.look(p)
	}
	job.settle(p, refused)
	return nil
}

func (p *planner) read(ctx context.Context, job *graphJob) error {
	if len(job.components) > 0 {
		s, err := p.state.LoadComponents(ctx, p.space, job.components)
		if err != nil {
			return fmt.Errorf("loading components: %w", err)
		}
		if err := p.add(s); err != nil {
			return err
		}
	}
	return p.load(ctx, job.keys)
}

// commit writes the plan and returns what was refused. What is too wide for one commit is not tried while the job can be stored in steps.
func (p *planner) commit(ctx context.Context, job *graphJob) (refused []*planned, err error) {
	var all []*planned
	for _, c := range p.commits() {
		if c.wide() && job.divisible() {
			refused, job.wide = append(refused, c), true
		} else {
			all = append(all, c)
		}
	}
	if len(all) == 0 {
		return refused, nil
	}
	commits := make([]*GraphCommit, len(all))
	for i, c := range all {
		commits[i] = &c.GraphCommit
	}
	versions, err := p.state.CommitGraph(ctx, p.space, commits)
	if err != nil {
		return nil, fmt.Errorf("committing graph: %w", err)
	}
	for i, c := range all {
		if versions[i] == 0 {
			refused = append(refused, c)
		} else {
			c.settle(versions[i])
		}
	}
	return refused, nil
}

// settle shows what is certain and keeps the rest for the next attempt.
func (job *graphJob) settle(p *planner, refused []*planned) {
	again := map[identifier.Key]bool{}
	job.facts = nil
	for _, c := range refused {
		job.facts = append(job.facts, c.root.root().facts...)
		for _, k := range c.keys() {
			again[k] = true
		}
	}
	var keys []identifier.Key
	for _, k := range job.keys {
		if again[k] {
			keys = append(keys, k)
		} else if job.show != nil {
			job.show.take(p, k)
		}
	}
	// A refused fact may name identifiers that were shown before: they are read again.
	for _, f := range job.facts {
		for _, k := range named([]identity.Fact{f}, nil) {
			if !again[k] {
				again[k] = true
				keys = append(keys, k)
			}
		}
	}
	var components []ComponentKey
	for _, c := range refused {
		for _, u := range c.units {
			if u.rec != nil && slices.Contains(job.components, u.key) {
				components = append(components, u.key)
			}
		}
	}
	job.keys, job.components = keys, components
}

// Kernel returns the rules in force in a space.
func (g *Graph) Kernel(ctx context.Context, space string) (*identity.Kernel, error) {
	r, err := g.rulesOf(ctx, space, false)
	return r.kernel, err
}

// Reload returns the rules in force in a space, read again.
func (g *Graph) Reload(ctx context.Context, space string) (*identity.Kernel, error) {
	r, err := g.rulesOf(ctx, space, true)
	return r.kernel, err
}

// RulesChanged reports whether other rules than those of the program were ever set in a space.
func (g *Graph) RulesChanged(ctx context.Context, space string) (bool, error) {
	r, err := g.rulesOf(ctx, space, true)
	return r.version > 0, err
}

// rulesOf returns the rules of a space, read again when they are known to have changed.
func (g *Graph) rulesOf(ctx context.Context, space string, again bool) (spaceRules, error) {
	g.mu.Lock()
	r, known := g.rules[space]
	g.mu.Unlock()
	if known && !again {
		return r, nil
	}
	version, content, err := g.state.GraphRules(ctx, space)
	if err != nil {
		return r, fmt.Errorf("reading identity rules: %w", err)
	}
	r = spaceRules{version: version, kernel: g.base}
	if version > 0 {
		if r.kernel, err = decodeRules(content); err != nil {
			return r, err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rules[space] = r
	return r, nil
}

// storedRules are rules as JSON; blocked values may be any bytes.
type storedRules struct {
	identity.Rules
	BlockedValues [][]byte `json:"blocked_values"`
}

func encodeRules(r identity.Rules) ([]byte, error) {
	s := storedRules{Rules: r}
	for v, blocked := range r.Blocked {
		if blocked {
			s.BlockedValues = append(s.BlockedValues, []byte(v))
		}
	}
	s.Blocked = nil
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("packing identity rules: %w", err)
	}
	return b, nil
}

func decodeRules(b []byte) (*identity.Kernel, error) {
	var s storedRules
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("reading identity rules: %w", err)
	}
	s.Blocked = map[string]bool{}
	for _, v := range s.BlockedValues {
		s.Blocked[string(v)] = true
	}
	return identity.NewKernel(s.Rules)
}
