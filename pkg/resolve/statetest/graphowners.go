package statetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
)

// OwnersTold checks that whoever looks again at the leaves of the identifiers that commits tell of, and at no others, knows whose every leaf
// is: while facts come, clocks go on and rules change.
func OwnersTold(t testing.TB, state resolve.GraphState, space string, seed uint64) {
	t.Helper()
	if diff := Untold(t, state, space, seed); diff != "" {
		t.Fatalf("seed %d: %s", seed, diff)
	}
}

// Untold is OwnersTold for those who expect a fault: it returns the first leaf that has another owner than was told.
func Untold(t testing.TB, state resolve.GraphState, space string, seed uint64) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 47))
	f := identitytest.History(rng, identitytest.Months)
	browsers(rng, f)
	after := ChangedRules(rng, f)
	g, err := resolve.NewGraph(state, f.Rules)
	if err != nil {
		t.Fatal(err)
	}
	p := publisher{graph: g, space: space}
	if err := p.list(f); err != nil {
		t.Fatal(err)
	}
	facts := identitytest.All(f)
	rng.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
	if err := p.run(t.Context(), facts, after, f.Now); err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	return p.differs(t.Context(), f.Now)
}

// browsers adds to a history two browsers of one customer each, who lets them be recognised, and is known on them now and then: what came
// before belongs to the customer or to nobody by the rules' look-back.
func browsers(rng *rand.Rand, f *identity.Facts) {
	const pages = 8
	for b := range 2 {
		cookie, customer := identitytest.Key(identifier.Cookie, 90+b), identitytest.Key(identifier.Customer, 90+b)
		f.Decisions = append(f.Decisions, &identity.Decision{
			Point: cookie, Purpose: identity.UnifyBehaviour, Decision: consent.Decision{ID: cookie.Value, At: 1, Dec: consent.Grant},
		})
		for i := range pages {
			e := &identity.Event{ID: fmt.Sprint(cookie.Value, "/", i), T: 1 + rng.Int64N(max(1, f.Now)), Behaviour: true, Keys: []identifier.Key{cookie}, Stamps: []int64{1}}
			if i%2 == 0 {
				e.Keys, e.Stamps = append(e.Keys, customer), append(e.Stamps, 0)
			}
			f.Events = append(f.Events, identity.SolveEvent{Event: e})
		}
	}
}

// publisher knows the owner of every leaf as it was when a commit told of an identifier of the leaf for the last time.
type publisher struct {
	graph     *resolve.Graph
	space     string
	leaves    []toldLeaf
	registers map[identifier.Key]identity.Register
	read      string // the last entry that it read
}

// toldLeaf is a leaf, as it stands when all its events are folded, and whose it is as far as was told.
type toldLeaf struct {
	identity.Leaf

	span  identity.Span
	keys  []identifier.Key // that its owner depends on
	owner identity.Owner
}

// list makes the leaves of a history. Until somebody tells otherwise, each is as of identifiers that nobody knows.
func (p *publisher) list(f *identity.Facts) error {
	k, err := identity.NewKernel(f.Rules)
	if err != nil {
		return fmt.Errorf("listing leaves: %w", err)
	}
	p.registers = map[identifier.Key]identity.Register{}
	spans := map[identity.Leaf]identity.Span{}
	for _, e := range f.Events {
		references, shown := k.ShownBy(e.Event)
		for _, r := range references {
			p.registers[r], _ = p.registers[r].Join(shown...)
		}
		span, known := spans[k.LeafOf(e.Event)]
		if !known {
			span = identity.Span{First: e.T, Last: e.T}
		}
		spans[k.LeafOf(e.Event)] = identity.Span{First: min(span.First, e.T), Last: max(span.Last, e.T)}
	}
	delete(spans, identity.Leaf{})
	for l, span := range spans {
		p.leaves = append(p.leaves, toldLeaf{Leaf: l, span: span, keys: identity.OwnersKeys(l, p.registers[l.Reference], nil)})
	}
	return nil
}

// run applies facts in small batches by a clock that goes on, and puts other rules in force halfway.
func (p *publisher) run(ctx context.Context, facts []identity.Fact, after identity.Rules, now int64) error {
	const batch = 3
	if err := p.look(ctx, nil, 0); err != nil {
		return err
	}
	for at := 0; at < len(facts); at += batch {
		clock := now * int64(at) / int64(len(facts))
		if at/batch == len(facts)/batch/2 {
			if err := p.change(ctx, after, clock); err != nil {
				return err
			}
		}
		if _, err := p.graph.Apply(ctx, p.space, facts[at:min(at+batch, len(facts))], nil, clock); err != nil {
			return fmt.Errorf("applying facts: %w", err)
		}
		if err := p.sweep(ctx, clock); err != nil {
			return err
		}
	}
	return p.sweep(ctx, now)
}

func (p *publisher) change(ctx context.Context, after identity.Rules, clock int64) error {
	if err := p.graph.SetRules(ctx, p.space, after, clock); err != nil {
		return fmt.Errorf("changing rules: %w", err)
	}
	if err := p.graph.RejudgeAll(ctx, p.space, func() int64 { return clock }, nil); err != nil {
		return fmt.Errorf("judging by other rules: %w", err)
	}
	return p.sweep(ctx, clock)
}

// sweep judges what is due, and looks at the leaves of whom commits told of.
func (p *publisher) sweep(ctx context.Context, clock int64) error {
	if err := SweepAll(ctx, p.graph, p.space, clock); err != nil {
		return err
	}
	entries, err := p.graph.ReadOutbox(ctx, p.space, p.read, 1<<20)
	if err != nil {
		return fmt.Errorf("reading what was told: %w", err)
	}
	told := map[identifier.Key]bool{}
	for _, e := range entries {
		p.read = e.ID
		for _, c := range e.Changed {
			told[c.Key] = true
		}
	}
	return p.look(ctx, told, clock)
}

// look asks for the owners of the leaves of some identifiers; nil = of all.
func (p *publisher) look(ctx context.Context, of map[identifier.Key]bool, clock int64) error {
	for i := range p.leaves {
		l := &p.leaves[i]
		if of != nil && !slices.ContainsFunc(l.keys, func(k identifier.Key) bool { return of[k] }) {
			continue
		}
		owner, err := p.owner(ctx, l, clock)
		if err != nil {
			return err
		}
		l.owner = owner
	}
	return nil
}

func (p *publisher) owner(ctx context.Context, l *toldLeaf, clock int64) (identity.Owner, error) {
	view, err := p.graph.View(ctx, p.space, l.keys, clock)
	if err != nil {
		return identity.Owner{}, fmt.Errorf("asking whose a leaf is: %w", err)
	}
	kernel, err := p.graph.Kernel(ctx, p.space)
	if err != nil {
		return identity.Owner{}, fmt.Errorf("asking whose a leaf is: %w", err)
	}
	return kernel.Owner(l.Leaf, l.span, p.registers[l.Reference], view, clock), nil
}

func (p *publisher) differs(ctx context.Context, now int64) string {
	for i := range p.leaves {
		l := &p.leaves[i]
		switch owner, err := p.owner(ctx, l, now); {
		case err != nil:
			return err.Error()
		case owner != l.owner:
			return fmt.Sprintf("leaf %+v is told to be of %+v and is of %+v", l.Leaf, l.owner, owner)
		}
	}
	return ""
}
