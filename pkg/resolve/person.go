package resolve

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
)

// Person is one profile of a space as of one moment, with the leaves of every controller.
type Person struct {
	Space    string
	Asked    identifier.Key // the identifier it was read by, with its namespace where that is known
	Standing identity.Standing
	Profile
	Leaves []PersonLeaf // of all members, each leaf once, by controller and key; none where the standing is not clean

	// Survivorship says which values of attributes survive when the leaves are combined.
	Survivorship profile.Survivorship

	listed []string // controllers with leaves that were left out
}

// PersonLeaf is a leaf that names a member of a profile.
type PersonLeaf struct {
	Controller string
	Key        []byte
	Under      []identifier.Key // the members that it is listed under
	State      *profile.State
	Owned      bool // it belongs to this profile now; another one of the same identifiers may not be shown
}

// Owned returns the states of the leaves of a controller that belong to the person.
func (p *Person) Owned(controller string) []*profile.State {
	var out []*profile.State
	for _, l := range p.Leaves {
		if l.Owned && l.Controller == controller {
			out = append(out, l.State)
		}
	}
	return out
}

// LastAct is when the person last did something with a controller, in seconds; 0 = never.
func (p *Person) LastAct(controller string) int64 { return profile.LastAct(p.Owned(controller)) }

// Controllers lists the controllers with a leaf that names the person, and whether one of theirs belongs to it.
func (p *Person) Controllers() map[string]bool {
	out := map[string]bool{}
	for _, l := range p.Leaves {
		out[l.Controller] = out[l.Controller] || l.Owned
	}
	for _, controller := range p.listed {
		out[controller] = false
	}
	return out
}

// Reader reads people: graph, leaves and reference registers together. Safe for concurrent use.
type Reader struct {
	graph *Graph
	cells Cells
}

// NewReader returns a reader over a graph and its cells.
func NewReader(graph *Graph, cells Cells) *Reader { return &Reader{graph, cells} }

// People reads the profiles that hold keys, in their order, in a fixed number of round trips. A key without namespace is
// found by its pseudonym. now is in seconds.
func (r *Reader) People(ctx context.Context, space string, keys []identifier.Key, now int64) ([]*Person, error) {
	view, err := r.graph.viewWhole(ctx, space, keys, now)
	if err != nil {
		return nil, fmt.Errorf("reading the graph: %w", err)
	}
	keys = view.located(keys)
	people, distinct := make([]*Person, len(keys)), []*Person(nil)
	first := make(map[string]*Person, len(keys)) // by pseudonym of the naming identifier
	for i, k := range keys {
		people[i] = &Person{Space: space, Asked: k, Standing: view.Standing(k), Profile: view.Profile(k)}
		if first[people[i].Canonical.Value] == nil {
			first[people[i].Canonical.Value] = people[i]
			distinct = append(distinct, people[i])
		}
	}
	leaves, err := r.leavesOf(ctx, space, distinct)
	if err != nil {
		return nil, err
	}
	if err := r.own(ctx, space, distinct, leaves, view, now); err != nil {
		return nil, err
	}
	kernel, err := r.graph.Kernel(ctx, space)
	if err != nil {
		return nil, err
	}
	for _, p := range people {
		p.sameAs(first[p.Canonical.Value])
		p.Survivorship = kernel.Rules().Survivorship
	}
	return people, nil
}

// LastAct reads when the person that holds a point last did something with a controller, in seconds; 0 = never.
func (r *Reader) LastAct(ctx context.Context, space, controller string, point identifier.Key, now int64) (int64, error) {
	people, err := r.People(ctx, space, []identifier.Key{point}, now)
	if err != nil {
		return 0, err
	}
	return people[0].LastAct(controller), nil
}

// sameAs takes over what was read of the same person by another identifier.
func (p *Person) sameAs(other *Person) {
	if p == other {
		return
	}
	p.Leaves, p.listed = slices.Clone(other.Leaves), other.listed
	if p.Asked == other.Asked {
		p.Profile = other.Profile
	}
	for _, m := range p.Members {
		if m.Value == p.Asked.Value {
			p.Asked = m
		}
	}
}

// leafSet holds the leaves read for several people: each once, by cell key.
type leafSet map[string]*profile.State

func (r *Reader) leavesOf(ctx context.Context, space string, people []*Person) (leafSet, error) {
	var sets []string
	for _, p := range people {
		for _, m := range p.Members {
			sets = append(sets, LeafIndex(space, m))
		}
	}
	indexes, err := r.cells.Members(ctx, sets)
	if err != nil {
		return nil, fmt.Errorf("reading leaf indexes: %w", err)
	}
	states, n := leafSet{}, 0
	for _, p := range people {
		for _, m := range p.Members {
			if err := p.addLeaves(space, m, indexes[n], states); err != nil {
				return nil, err
			}
			n++
		}
	}
	return states, r.loadLeaves(ctx, states)
}

func (p *Person) addLeaves(space string, under identifier.Key, members []string, states leafSet) error {
	for _, m := range members {
		controller, key, err := ParseLeafMember(m)
		if err != nil {
			return fmt.Errorf("reading a leaf index: %w", err)
		}
		if p.Standing != identity.Clean { // it owns nothing and has no other member, and a till's e-mail names thousands of leaves
			if n := len(p.listed); n == 0 || p.listed[n-1] != controller {
				p.listed = append(p.listed, controller)
			}
			continue
		}
		i := slices.IndexFunc(p.Leaves, func(l PersonLeaf) bool { return string(l.Key) == string(key) })
		if i < 0 {
			i = len(p.Leaves)
			p.Leaves = append(p.Leaves, PersonLeaf{Controller: controller, Key: key})
			states[LeafCell(space, controller, key)] = nil
		}
		p.Leaves[i].Under = append(p.Leaves[i].Under, under)
	}
	return nil
}

func (r *Reader) loadLeaves(ctx context.Context, states leafSet) error {
	keys := make([]string, 0, len(states))
	for k := range states {
		keys = append(keys, k)
	}
	cells, err := r.cells.LoadCells(ctx, keys)
	if err != nil {
		return fmt.Errorf("reading leaves: %w", err)
	}
	for i, c := range cells {
		state, err := profile.Decode(c.Value)
		if err != nil {
			return fmt.Errorf("reading a leaf: %w", err)
		}
		states[keys[i]] = state
	}
	return nil
}

// own decides which leaves belong to their person. view shows all members of people; what their owners depend on beyond it is read.
func (r *Reader) own(ctx context.Context, space string, people []*Person, states leafSet, view *View, now int64) error {
	registers, err := r.registersOf(ctx, space, states)
	if err != nil {
		return err
	}
	var keys []identifier.Key
	for _, s := range states {
		keys = identity.OwnersKeys(s.Leaf(), registers[s.Leaf().Reference], keys)
	}
	if !view.shows(keys) {
		for _, p := range people {
			keys = append(keys, p.Members...)
		}
		if view, err = r.graph.View(ctx, space, keys, now); err != nil {
			return fmt.Errorf("reading the owners of leaves: %w", err)
		}
	}
	choices, err := LoadChoices(ctx, r.cells, states.choices())
	if err != nil {
		return err
	}
	kernel, err := r.graph.Kernel(ctx, space)
	if err != nil {
		return err
	}
	for _, p := range people {
		p.nameAsked(states)
		kept := p.Leaves[:0]
		for _, l := range p.Leaves {
			l.State = states[LeafCell(space, l.Controller, l.Key)]
			if l.State.Empty() {
				continue // listed before its first event was folded
			}
			owner := OwnerOf(kernel, l.State, registers[l.State.Leaf().Reference], choices, view, now)
			l.Owned = !owner.Anonymous && owner.Key.Value == p.Canonical.Value
			kept = append(kept, l)
		}
		p.Leaves = kept
		slices.SortFunc(p.Leaves, compareLeaves)
	}
	return nil
}

func floorSecond(micros int64) int64 { return (micros - ((micros%1e6)+1e6)%1e6) / 1e6 }

func compareLeaves(a, b PersonLeaf) int {
	if c := slices.Compare([]byte(a.Controller), []byte(b.Controller)); c != 0 {
		return c
	}
	return slices.Compare(a.Key, b.Key)
}

// nameAsked gives the identifier a person was asked by the namespace it is known with: in the graph, else, for one that was only
// ever seen alone, on its leaves.
func (p *Person) nameAsked(states leafSet) {
	for _, m := range p.Members {
		if m.Value == p.Asked.Value {
			p.Asked = m
		}
	}
	if p.Asked.Namespace != "" {
		return
	}
	for _, l := range p.Leaves {
		for _, k := range states[LeafCell(p.Space, l.Controller, l.Key)].Leaf().Keys(nil) {
			if k.Value == p.Asked.Value {
				p.Asked, p.Profile = k, Profile{k, []identifier.Key{k}}
				return
			}
		}
	}
}

// choices names the registers that decide about the browsing of the leaves.
func (l leafSet) choices() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, s := range l {
			if !yield(Choice(s.Space(), s.Controller(), s.Leaf())) {
				return
			}
		}
	}
}

func (r *Reader) registersOf(ctx context.Context, space string, states leafSet) (map[identifier.Key]identity.Register, error) {
	var references []identifier.Key
	for _, s := range states {
		if ref := s.Leaf().Reference; ref.Value != "" {
			references = append(references, ref)
		}
	}
	return LoadRegisters(ctx, r.cells, space, references)
}

// CellReader reads cells, as Cells does.
type CellReader interface {
	LoadCells(ctx context.Context, keys []string) ([]Cell, error)
}

// LoadPoints reads the consent registers of contact points and devices with a controller. One that cannot be read is marked.
func LoadPoints(ctx context.Context, cells CellReader, space, controller string, keys []identifier.Key) ([]consent.Point, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = ConsentCell(space, controller, k)
	}
	loaded, err := cells.LoadCells(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("reading consent registers: %w", err)
	}
	out := make([]consent.Point, len(keys))
	for i, c := range loaded {
		register, err := consent.DecodeRegister(c.Value)
		out[i] = consent.Point{Key: keys[i], Register: register, Unreadable: err != nil}
	}
	return out, nil
}

// LoadRegisters reads the registers of references.
func LoadRegisters(ctx context.Context, cells Cells, space string, references []identifier.Key) (map[identifier.Key]identity.Register, error) {
	if len(references) == 0 {
		return nil, nil
	}
	keys := make([]string, len(references))
	for i, ref := range references {
		keys[i] = ReferenceCell(space, ref)
	}
	loaded, err := cells.LoadCells(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading reference registers: %w", err)
	}
	out := make(map[identifier.Key]identity.Register, len(references))
	for i, c := range loaded {
		if out[references[i]], err = identity.DecodeRegister(c.Value); err != nil {
			return nil, fmt.Errorf("reading a reference register: %w", err)
		}
	}
	return out, nil
}
