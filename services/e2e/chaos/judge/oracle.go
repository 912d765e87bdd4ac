package judge

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"google.golang.org/protobuf/proto"

	"rcu/pkg/consent"
	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
	"rcu/services/e2e/chaos/load"
	"rcu/services/internal/demo"
)

// factsAtOnce is how many facts are applied to the offline graph together.
const factsAtOnce = 500

// oracle is what follows from the accepted events.
type oracle struct {
	ring      *vault.Keyring
	daily     *vault.Daily
	subjects  map[string]vault.SubjectKey // by cell
	graph     *resolve.Graph
	kernel    *identity.Kernel
	leaves    map[string]*leaf // by cell
	registers map[identifier.Key]identity.Register
	choices   resolve.Choices         // of devices, with each controller
	keys      map[identifier.Key]bool // identifiers that link
	owners    map[load.Key]string     // rcu_id of every event; empty: nobody
	now       int64
}

// leaf is a state with the events in it.
type leaf struct {
	state  *profile.State
	events []*eventpb.Event // each once
	owner  string           // rcu_id; empty: nobody
}

// newOracle computes everything from what lies on the topics. The order of the events is drawn by seed: it must not matter.
func newOracle(ctx context.Context, t *topics, ring *vault.Keyring, cells resolve.Cells, seed uint64, now int64) (*oracle, error) {
	o := &oracle{
		ring: ring, daily: t.daily, subjects: map[string]vault.SubjectKey{}, choices: resolve.Choices{}, leaves: map[string]*leaf{}, now: now,
		registers: map[identifier.Key]identity.Register{}, keys: map[identifier.Key]bool{}, owners: map[load.Key]string{},
	}
	var err error
	if o.graph, err = resolve.NewGraph(statemem.NewGraph(), identity.DefaultRules()); err != nil {
		return nil, fmt.Errorf("making the offline graph: %w", err)
	}
	events := shuffled(t.events, seed)
	if err := o.loadSubjects(ctx, cells, events); err != nil {
		return nil, err
	}
	var facts []identity.Fact
	for _, d := range t.decisions {
		if f, ok := event.DecisionFact(d); ok {
			facts = append(facts, f)
			o.keys[pointOf(d)] = true
		}
		o.choose(d)
	}
	for _, e := range events {
		for _, f := range event.FactsOf(e) {
			facts = append(facts, f)
			o.note(f)
		}
		if err := o.fold(e); err != nil {
			return nil, err
		}
	}
	for some := range slices.Chunk(facts, factsAtOnce) {
		if _, err := o.graph.Apply(ctx, demo.Space, some, nil, now); err != nil {
			return nil, fmt.Errorf("applying facts offline: %w", err)
		}
	}
	if o.kernel, err = o.graph.Kernel(ctx, demo.Space); err != nil {
		return nil, fmt.Errorf("reading the kernel: %w", err)
	}
	return o, o.own(ctx)
}

// choose joins a decision into what was decided about browsing on its device with its controller.
func (o *oracle) choose(d *eventpb.Decision) {
	pc, decision, ok := consent.DecisionOf(d)
	if !ok || pc.Purpose != consent.UnifyBehaviour {
		return
	}
	name := resolve.ConsentCell(d.GetSpace(), d.GetController(), pointOf(d))
	o.choices[name], _ = o.choices[name].Join(decision)
}

// shuffled draws the order of the events. Copies of one event keep theirs: a copy that came while consent could not be read has lost its
// devices, so that what stands beside the first one counts. All copies lie on one partition, in the order in which everybody reads them.
func shuffled(events []*eventpb.Event, seed uint64) []*eventpb.Event {
	copies := map[load.Key][]*eventpb.Event{}
	var order []load.Key
	for _, e := range events {
		k := keyOf(e)
		if copies[k] == nil {
			order = append(order, k)
		}
		copies[k] = append(copies[k], e)
	}
	r := rand.New(rand.NewPCG(seed, 11))
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	out := make([]*eventpb.Event, 0, len(events))
	for _, k := range order {
		out = append(out, copies[k]...)
	}
	return out
}

func pointOf(d *eventpb.Decision) identifier.Key {
	return identifier.Key{Namespace: identifier.Namespace(d.GetPoint().GetNamespace()), Value: string(d.GetPoint().GetPseudonym())}
}

func keyOf(e *eventpb.Event) load.Key { return load.Key{Source: e.GetSource(), ID: e.GetId()} }

// note remembers identifiers and joins the registers of references.
func (o *oracle) note(f identity.Fact) {
	switch x := f.(type) {
	case *identity.Event:
		for _, k := range x.Keys {
			if k.Namespace.Links() {
				o.keys[k] = true
			}
		}
		references, shown := identity.ShownBy(x)
		for _, r := range references {
			o.registers[r], _ = o.registers[r].Join(shown...)
		}
	case *identity.Act:
		o.keys[x.A], o.keys[x.B] = true, true
	}
}

// fold adds an event to its leaf.
func (o *oracle) fold(e *eventpb.Event) error {
	at := keyOf(e)
	_, known := o.owners[at]
	o.owners[at] = ""
	if len(e.GetLeafKey()) == 0 {
		return nil
	}
	cell := resolve.LeafCell(e.GetSpace(), e.GetController(), e.GetLeafKey())
	l := o.leaves[cell]
	if l == nil {
		l = &leaf{state: &profile.State{}}
		o.leaves[cell] = l
	}
	traits, err := o.traits(e)
	if err != nil {
		return err
	}
	l.state.Fold(profile.Folding{Event: e, Traits: traits})
	if !known {
		l.events = append(l.events, e)
	}
	return nil
}

// subjectCell is where the key lies that seals the traits of an event.
func subjectCell(e *eventpb.Event) (cell, controller, subject string) {
	k := resolve.SubjectOf(event.LeafOf(e.GetLeaf()))
	return resolve.SubjectKeyCell(e.GetSpace(), e.GetController(), k), e.GetController(), hex.EncodeToString([]byte(k.Value))
}

// loadSubjects reads the keys of subjects: they are drawn at random, so they are no consequence of the events.
func (o *oracle) loadSubjects(ctx context.Context, cells resolve.Cells, events []*eventpb.Event) error {
	type named struct{ cell, controller, subject string }
	var wanted []named
	seen := map[string]bool{}
	for _, e := range events {
		if e.GetPersonal() == nil || len(e.GetLeafKey()) == 0 {
			continue
		}
		cell, controller, subject := subjectCell(e)
		if !seen[cell] {
			seen[cell] = true
			wanted = append(wanted, named{cell, controller, subject})
		}
	}
	for some := range slices.Chunk(wanted, factsAtOnce) {
		names := make([]string, len(some))
		for i, n := range some {
			names[i] = n.cell
		}
		loaded, err := cells.LoadCells(ctx, names)
		if err != nil {
			return fmt.Errorf("reading the keys of subjects: %w", err)
		}
		for i, n := range some {
			if len(loaded[i].Value) == 0 {
				continue // the comparison of the leaves tells it
			}
			if o.subjects[n.cell], err = o.ring.SubjectKey(n.controller, n.subject, loaded[i].Value); err != nil {
				return err //nolint:wrapcheck // says all
			}
		}
	}
	return nil
}

// traits opens the personal fields of an event and seals them under the key of their subject, as the resolver does.
func (o *oracle) traits(e *eventpb.Event) (map[string]profile.SealedTrait, error) {
	if e.GetPersonal() == nil {
		return nil, nil
	}
	plain, err := o.daily.Open(e.GetPersonal())
	if errors.Is(err, vault.ErrUnknownKey) {
		return nil, fmt.Errorf("the daily key of an accepted event is lost: %w", err)
	}
	if err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	p := new(eventpb.Personal)
	if err := proto.Unmarshal(plain, p); err != nil {
		return nil, fmt.Errorf("reading personal fields: %w", err)
	}
	cell, _, _ := subjectCell(e)
	key, known := o.subjects[cell]
	out := map[string]profile.SealedTrait{}
	add := func(name, value string) error {
		if !known {
			out[name] = nil
			return nil
		}
		sealed, err := key.Seal(name, value)
		out[name] = sealed
		return err //nolint:wrapcheck // says all
	}
	for name, value := range p.GetTraits() {
		if err := add(name, value); err != nil {
			return nil, err
		}
	}
	for _, id := range p.GetIdentifiers() {
		k := identifier.Key{Namespace: identifier.Namespace(id.GetNamespace()), Value: string(id.GetPseudonym())}
		if err := add(resolve.IdentifierTrait(k), resolve.KeptValue(k, id.GetValue())); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// own decides whose every leaf is.
func (o *oracle) own(ctx context.Context) error {
	for _, l := range o.leaves {
		register := o.registers[l.state.Leaf().Reference]
		view, err := o.graph.View(ctx, demo.Space, identity.OwnersKeys(l.state.Leaf(), register, nil), o.now)
		if err != nil {
			return fmt.Errorf("reading the offline graph: %w", err)
		}
		owner := resolve.OwnerOf(o.kernel, l.state, register, o.choices, view, o.now)
		if !owner.Anonymous {
			l.owner = o.name(owner.Key)
		}
		for _, e := range l.events {
			o.owners[keyOf(e)] = l.owner
		}
	}
	return nil
}

func (o *oracle) name(k identifier.Key) string {
	p, err := k.Pseudonym()
	if err != nil {
		return ""
	}
	return o.ring.Name(demo.Space, p)
}
