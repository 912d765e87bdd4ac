package resolver_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// outcome is everything that others see of a resolved history.
type outcome struct {
	leaves    map[string]string // cell -> facts
	registers map[string]string // of consent, of references and of acts
	owners    map[string]string // event -> rcu_id, as the warehouse shows it
	truth     map[string]string // event -> rcu_id, by the state
	profiles  map[string]string
	people    map[string]string // name -> canonical name and standing
	told      map[string]string // the same by rcu.identity.map
}

func messages[M any, P interface {
	*M
	proto.Message
}](t *testing.T, records []stream.Record) []P {
	t.Helper()
	var out []P
	for _, r := range records {
		if len(r.Value) > 0 {
			m := P(new(M))
			require.NoError(t, r.Decode(m))
			out = append(out, m)
		}
	}
	return out
}

func (w *world) outcome() outcome {
	w.t.Helper()
	o := outcome{leaves: map[string]string{}, registers: map[string]string{}, truth: map[string]string{}, profiles: map[string]string{}, people: map[string]string{}, told: map[string]string{}}
	o.owners = shownOwners(messages[eventpb.Owner](w.t, w.log.topics[stream.TopicOwners]), messages[eventpb.Resolved](w.t, w.log.topics[stream.TopicResolved]))
	states := map[string]*profile.State{}
	for _, key := range w.written() {
		if strings.HasPrefix(key, "l:") {
			cells, err := w.cells.LoadCells(context.Background(), []string{key})
			require.NoError(w.t, err)
			states[key], err = profile.Decode(cells[0].Value)
			require.NoError(w.t, err)
			o.leaves[key] = string(states[key].Facts())
		}
		if strings.HasPrefix(key, "cr:") || strings.HasPrefix(key, "r:") || strings.HasPrefix(key, "ar:") {
			cells, err := w.cells.LoadCells(context.Background(), []string{key})
			require.NoError(w.t, err)
			o.registers[key] = string(cells[0].Value)
		}
	}
	for key, p := range newestProfiles(messages[eventpb.Profile](w.t, w.log.topics[stream.TopicProfiles])) {
		p.Version = 0
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(p)
		require.NoError(w.t, err)
		o.profiles[key] = string(raw)
	}
	versions := map[string]uint64{}
	for _, m := range messages[eventpb.MapEntry](w.t, w.log.topics[stream.TopicIdentityMap]) {
		if m.GetVersion() >= versions[m.GetName()] {
			versions[m.GetName()], o.told[m.GetName()] = m.GetVersion(), m.GetCanonical()+" "+m.GetStanding()
		}
	}
	w.readTruth(&o, states)
	return o
}

// readTruth judges everything from the stored state alone.
func (w *world) readTruth(o *outcome, states map[string]*profile.State) {
	ctx := context.Background()
	graph, err := resolve.NewGraph(w.graph, identity.DefaultRules())
	require.NoError(w.t, err)
	kernel := identity.DefaultKernel()
	names := map[string]identifier.Key{}
	for id, e := range w.h.events {
		o.truth[id] = ""
		for _, i := range e.GetIdentifiers() {
			k := identifier.Key{Namespace: identifier.Namespace(i.GetNamespace()), Value: string(i.GetPseudonym())}
			if k.Namespace.Links() {
				names[w.name(k)] = k
			}
		}
		s := states[resolve.LeafCell(e.GetSpace(), e.GetController(), e.GetLeafKey())]
		if len(e.GetLeafKey()) == 0 {
			continue
		}
		if s == nil {
			o.truth[id] = "folded nowhere"
			continue
		}
		leaf := s.Leaf()
		registers, err := resolve.LoadRegisters(ctx, w.cells, space, []identifier.Key{leaf.Reference})
		require.NoError(w.t, err)
		view, err := graph.View(ctx, space, identity.OwnersKeys(leaf, registers[leaf.Reference], nil), w.now.Unix())
		require.NoError(w.t, err)
		choices, err := resolve.LoadChoices(ctx, w.cells, slices.Values([]string{resolve.Choice(space, s.Controller(), leaf)}))
		require.NoError(w.t, err)
		if owner := resolve.OwnerOf(kernel, s, registers[leaf.Reference], choices, view, w.now.Unix()); !owner.Anonymous {
			o.truth[id] = w.name(owner.Key)
		}
	}
	for name := range o.told { // of identifiers that only an act names
		p, err := w.h.ring.Identifier(space, name)
		require.NoError(w.t, err)
		if _, known := names[name]; !known {
			people, err := resolve.NewReader(graph, w.cells).People(ctx, space, []identifier.Key{identifier.KeyOf("", p)}, w.now.Unix())
			require.NoError(w.t, err)
			names[name] = people[0].Asked
		}
	}
	for name, k := range names {
		view, err := graph.View(ctx, space, []identifier.Key{k}, w.now.Unix())
		require.NoError(w.t, err)
		o.people[name] = w.name(view.Naming(k)) + " " + view.Standing(k).String()
		if _, told := o.told[name]; !told {
			o.told[name] = name + " clean"
		}
	}
}

func (w *world) name(k identifier.Key) string {
	p, err := k.Pseudonym()
	require.NoError(w.t, err)
	return w.h.ring.Name(space, p)
}

// broken lists the laws that do not hold, in words; nothing when all do.
func (w *world) broken(clean outcome) (out []string) {
	w.t.Helper()
	o := w.outcome()
	differ := func(what string, want, got map[string]string) {
		for k := range want {
			if want[k] != got[k] {
				out = append(out, fmt.Sprintf("%s: %s", what, k))
			}
		}
		for k := range got {
			if _, known := want[k]; !known {
				out = append(out, fmt.Sprintf("%s: %s is too much", what, k))
			}
		}
	}
	differ("leaf state", clean.leaves, o.leaves)
	differ("register", clean.registers, o.registers)
	differ("identity", clean.people, o.people)
	differ("owner", clean.truth, o.truth)
	out = append(out, w.unlisted()...)
	if w.stateOnly {
		return out
	}
	differ("identity map", o.people, o.told)
	differ("owner shown, by the state", o.truth, o.owners)
	differ("owner shown, by a clean run", clean.owners, o.owners)
	differ("profile", clean.profiles, o.profiles)
	if w.server != nil {
		return out // components of a lost state lie on rcu.graph under keys that nobody writes again: see the decision record on lost writes
	}
	return append(out, w.brokenChangelogs()...)
}

// unlisted lists the leaves that an identifier they name does not lead to.
func (w *world) unlisted() (out []string) {
	w.t.Helper()
	for id, e := range w.h.events {
		if len(e.GetLeafKey()) == 0 {
			continue
		}
		for _, k := range profile.LeafOf(e.GetLeaf()).Keys(nil) {
			sets, err := w.cells.Members(context.Background(), []string{resolve.LeafIndex(space, k)})
			require.NoError(w.t, err)
			if !slices.Contains(sets[0], resolve.LeafMember(e.GetController(), e.GetLeafKey())) {
				out = append(out, "listing of the leaf of "+id)
			}
		}
	}
	return out
}

// brokenChangelogs compares the last record of every key with what is stored; where workers are killed the newest, by its version:
// one that was overtaken and is killed before it looks again leaves its older value behind a newer one.
func (w *world) brokenChangelogs() (out []string) {
	w.t.Helper()
	last := map[string]*eventpb.Changelog{}
	for _, topic := range [...]string{stream.TopicLeaves, stream.TopicRegisters} {
		for _, m := range messages[eventpb.Changelog](w.t, w.log.topics[topic]) {
			if old := last[string(m.GetKey())]; w.strict || old == nil || m.GetVersion() >= old.GetVersion() {
				last[string(m.GetKey())] = m
			}
		}
	}
	for _, key := range w.written() {
		kind, _, _ := strings.Cut(key, ":")
		if kind != "l" && kind != "r" && kind != "cr" && kind != "ar" {
			continue
		}
		cells, err := w.cells.LoadCells(context.Background(), []string{key})
		require.NoError(w.t, err)
		if m := last[key]; cells[0].Version > 0 && (m == nil || m.GetVersion() != cells[0].Version || string(m.GetValue()) != string(cells[0].Value)) {
			out = append(out, "changelog of "+key)
		}
	}
	graph := map[string]string{}
	for _, r := range w.log.topics[stream.TopicGraph] {
		if graph[string(r.Key)] = ""; len(r.Value) > 0 {
			m := &eventpb.Changelog{}
			require.NoError(w.t, r.Decode(m))
			graph[string(r.Key)] = string(m.GetValue())
		}
	}
	stored := w.components()
	for key, value := range graph {
		if stored[key] != value {
			out = append(out, "changelog of component "+key)
		}
	}
	for key := range stored {
		if graph[key] == "" {
			out = append(out, "changelog of component "+key+" is missing")
		}
	}
	return out
}

// written lists the keys of all cells.
func (w *world) written() []string {
	w.chaos.mu.Lock()
	defer w.chaos.mu.Unlock()
	return slices.Sorted(maps.Keys(w.cells.written))
}

func (w *world) components() map[string]string {
	ctx, out := context.Background(), map[string]string{}
	for cursor := ""; ; {
		keys, next, err := w.graph.ScanComponents(ctx, space, cursor, 100)
		require.NoError(w.t, err)
		snapshot, err := w.graph.LoadComponents(ctx, space, keys)
		require.NoError(w.t, err)
		for c, value := range snapshot.Records {
			out[space+":"+hex.EncodeToString(c[:])] = value
		}
		if cursor = next; cursor == "" {
			return out
		}
	}
}
