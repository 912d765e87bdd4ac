package profileapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
	_ "time/tzdata" // business days need the zones of the sources

	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/event"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/vault"
	"rcu/schemas"
	eventpb "rcu/schemas/event"
)

const space = "group"

// clock is when the tests read.
var clock = time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC)

var decoder = sync.OnceValues(func() (*event.Decoder, error) { return event.NewDecoder(schemas.Files) })

// world takes events in as the product does, one at a time and in memory: decode, gate, stamp, graph, fold.
type world struct {
	t     testing.TB
	ring  *vault.Keyring
	graph *resolve.Graph
	cells resolve.Cells
	away  *faultyCells
	n     int
}

// faultyCells can be taken away.
type faultyCells struct {
	resolve.Cells
	err error
}

func (c *faultyCells) LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error) {
	if c.err != nil {
		return nil, c.err
	}
	return c.Cells.LoadCells(ctx, keys)
}

var errAway = errors.New("connection refused")

func newWorld(t testing.TB) *world {
	t.Helper()
	return worldOn(t, statemem.NewGraph(), statemem.NewCells())
}

func worldOn(t testing.TB, state resolve.GraphState, cells resolve.Cells) *world {
	t.Helper()
	ring, _, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys"))
	require.NoError(t, err)
	graph, err := resolve.NewGraph(state, identity.DefaultRules())
	require.NoError(t, err)
	away := &faultyCells{Cells: cells}
	return &world{t: t, ring: ring, graph: graph, cells: away, away: away}
}

// source is who sent an event: a channel of a controller.
type source struct {
	channel, controller string
	shared              bool // its devices are many people's
}

var (
	till  = source{"store", "shop-fr", false}
	web   = source{"web", "shop-fr", false}
	kiosk = source{"web", "shop-fr", true}
	desk  = source{"callcentre", "shop-fr", false}
	spa   = source{"store", "spa-fr", false} // another controller of the space
)

func (s source) origin(t testing.TB) *event.Origin {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	require.NoError(t, err)
	o := &event.Origin{
		Space: space, Controller: s.controller, Source: s.channel + "-" + s.controller, Channel: event.ChannelOf(s.channel), Brand: "maison",
		Zone: zone, Country: "FR", Currency: "EUR", Trust: eventpb.Trust_TRUST_SELF, SharedDevice: s.shared,
	}
	if s.channel == "store" {
		o.Store, o.Trust = "paris-1", eventpb.Trust_TRUST_STATED
	}
	return o
}

// fields are the fields of an envelope besides id, type and time.
type fields map[string]any

func ids(pairs ...string) []map[string]any {
	var out []map[string]any
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, map[string]any{"namespace": pairs[i], "value": pairs[i+1], "proved": true})
	}
	return out
}

func money(minor int) map[string]any { return map[string]any{"amount": minor, "currency": "EUR"} }

func total(minor int) fields {
	return fields{"total": money(minor), "lines": []any{map[string]any{"sku": "SKU-1", "quantity": 1, "amount": minor}}}
}

func at(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }

// send takes one event in; false when gate G1 dropped it.
func (w *world) send(from source, typ string, when time.Time, f fields) bool {
	w.t.Helper()
	w.n++
	envelope := map[string]any{"id": fmt.Sprintf("e%d", w.n), "type": typ, "occurred_at": when.Format(time.RFC3339), "data": fields{}}
	maps.Copy(envelope, f)
	raw, err := json.Marshal(envelope)
	require.NoError(w.t, err)
	dec, err := decoder()
	require.NoError(w.t, err)
	draft, rejection := dec.Decode(raw, from.origin(w.t), when.Add(time.Minute))
	require.Nil(w.t, rejection, "%+v", rejection)
	draft.Pseudonymise(w.ring)
	for _, d := range draft.Decisions() {
		w.decide(d)
	}
	if !w.gate(draft, from) {
		return false
	}
	e, personal, _ := draft.Stamp(w.ring, func(k identifier.Key) int64 {
		purpose := consent.UnifyCore
		if k.Namespace.Kind() == identifier.KindDevice {
			purpose = consent.UnifyBehaviour
		}
		return w.register(from.controller, k).Stamp(purpose, when.Unix())
	})
	if e != nil {
		w.fold(e, personal)
	}
	return true
}

// decide joins a decision into its register and the graph.
func (w *world) decide(d *eventpb.Decision) {
	key := identifier.Key{Namespace: identifier.Namespace(d.GetPoint().GetNamespace()), Value: string(d.GetPoint().GetPseudonym())}
	joined, _ := w.register(d.GetController(), key).JoinAll(d)
	w.put(resolve.ConsentCell(space, d.GetController(), key), joined.Encode())
	if fact, ok := event.DecisionFact(d); ok {
		_, err := w.graph.Apply(w.t.Context(), space, []identity.Fact{fact}, nil, clock.Unix())
		require.NoError(w.t, err)
	}
}

func (w *world) register(controller string, k identifier.Key) consent.Register {
	r, err := consent.DecodeRegister(w.get(resolve.ConsentCell(space, controller, k)).Value)
	require.NoError(w.t, err)
	return r
}

// gate is G1.
func (w *world) gate(d *event.Draft, from source) bool {
	var devices []consent.Point
	for _, k := range d.Keys() {
		if k.Namespace.Kind() == identifier.KindDevice {
			devices = append(devices, consent.Point{Key: k, Register: w.register(from.controller, k)})
		}
	}
	verdict, keep := consent.G1(d.Behaviour(), devices, d.OccurredAt().Unix(), clock.Unix())
	d.StripDevices(func(k identifier.Key) bool { return slices.Contains(keep, k) })
	return verdict == consent.Collect
}

// fold applies an event to the graph, the registers of its references, and its leaf.
func (w *world) fold(e *eventpb.Event, personal *eventpb.Personal) {
	ctx := w.t.Context()
	leaf := profile.LeafOf(e.GetLeaf())
	members := []resolve.Member{}
	list := func(keys ...identifier.Key) {
		for _, k := range keys {
			members = append(members, resolve.Member{Set: resolve.LeafIndex(space, k), Member: resolve.LeafMember(e.GetController(), e.GetLeafKey())})
		}
	}
	facts := event.FactsOf(e)
	for _, fact := range facts {
		if seen, ok := fact.(*identity.Event); ok {
			references, shown := identity.ShownBy(seen)
			for _, r := range references {
				w.join(r, shown)
			}
		}
	}
	_, err := w.graph.Apply(ctx, space, facts, nil, clock.Unix())
	require.NoError(w.t, err)
	if len(e.GetLeafKey()) == 0 {
		return
	}
	list(leaf.Keys(nil)...)
	require.NoError(w.t, w.cells.AddMembers(ctx, members))
	if leaf.Reference.Value != "" {
		w.join(leaf.Reference, nil)
	}
	cell := resolve.LeafCell(space, e.GetController(), e.GetLeafKey())
	state, err := profile.Decode(w.get(cell).Value)
	require.NoError(w.t, err)
	require.Equal(w.t, profile.Folded, state.Fold(profile.Folding{Event: e, Traits: w.seal(e.GetController(), leaf, personal)}))
	w.put(cell, state.Encode())
}

// join joins the register of a reference and lists its leaves under everybody it names.
func (w *world) join(reference identifier.Key, shown []identity.Shown) {
	cell := resolve.ReferenceCell(space, reference)
	register, err := identity.DecodeRegister(w.get(cell).Value)
	require.NoError(w.t, err)
	register, _ = register.Join(shown...)
	w.put(cell, register.Encode())
	leaves, err := w.cells.Members(w.t.Context(), []string{resolve.LeafIndex(space, reference)})
	require.NoError(w.t, err)
	for _, m := range leaves[0] {
		for _, x := range register {
			require.NoError(w.t, w.cells.AddMembers(w.t.Context(), []resolve.Member{{Set: resolve.LeafIndex(space, x.Key), Member: m}}))
		}
	}
}

// seal seals the personal fields of an event under the key of its subject.
func (w *world) seal(controller string, leaf identity.Leaf, p *eventpb.Personal) map[string]profile.SealedTrait {
	subject := resolve.SubjectOf(leaf)
	id, cell := fmt.Sprintf("%x", subject.Value), resolve.SubjectKeyCell(space, controller, subject)
	wrapped := w.get(cell).Value
	if wrapped == nil {
		var err error
		_, wrapped, err = w.ring.NewSubjectKey(controller, id)
		require.NoError(w.t, err)
		w.put(cell, wrapped)
	}
	key, err := w.ring.SubjectKey(controller, id, wrapped)
	require.NoError(w.t, err)
	out := map[string]profile.SealedTrait{}
	add := func(name, value string) {
		sealed, err := key.Seal(name, value)
		require.NoError(w.t, err)
		out[name] = sealed
	}
	for name, value := range p.GetTraits() {
		add(name, value)
	}
	for _, x := range p.GetIdentifiers() {
		add(resolve.IdentifierTrait(identifier.Key{Namespace: identifier.Namespace(x.GetNamespace()), Value: string(x.GetPseudonym())}), x.GetValue())
	}
	return out
}

func (w *world) get(key string) resolve.Cell {
	cells, err := w.cells.LoadCells(w.t.Context(), []string{key})
	require.NoError(w.t, err)
	return cells[0]
}

func (w *world) put(key string, value []byte) {
	c := w.get(key)
	c.Value = value
	ok, err := w.cells.CommitCells(w.t.Context(), []resolve.Cell{c})
	require.NoError(w.t, err)
	require.True(w.t, ok[0])
}

// name is the id that an identifier gives.
func (w *world) name(ns identifier.Namespace, value string) string {
	w.t.Helper()
	normal, cause := identifier.Normalise(ns, value, identifier.Options{Country: "FR", Read: true})
	require.Equal(w.t, identifier.CauseNone, cause)
	return w.ring.Name(space, w.ring.Pseudonym(space, ns, normal))
}

// consentOf is an envelope's list of one decision.
func consentOf(ns, value, purpose, channel, decision string) []any {
	d := map[string]any{
		"point": map[string]any{"namespace": ns, "value": value}, "purpose": purpose, "decision": decision, "act": "banner",
		"notice": map[string]any{"id": "n1", "version": "1", "language": "fr"},
	}
	if channel != "" {
		d["channel"] = channel
	}
	return []any{d}
}
