package matcher

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zaptest"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/match"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	eventpb "rcu/schemas/event"
)

const space, shop = "maison", "maison-retail"

// rig is a matcher over twins of Redis, fed with leaves as the resolver publishes them.
type rig struct {
	t      *testing.T
	ring   *vault.Keyring
	graph  *resolve.Graph
	cells  resolve.Cells
	index  match.Index
	on     Servers // nil: the index lies on no server
	client *stream.Client
	s      *Service
	source *Source
	comes  func(ctx context.Context, topic string, partition int, from int64, fn func(stream.Record) error, caughtUp func()) error // nil: no record comes
	next   int64
	events int
	log    []stream.Record
}

func newRig(t *testing.T) *rig {
	t.Helper()
	ring, _, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "keys"))
	require.NoError(t, err)
	r := &rig{t: t, ring: ring, cells: statemem.NewCells()}
	r.graph, err = resolve.NewGraph(statemem.NewGraph(), identity.DefaultRules())
	require.NoError(t, err)
	r.client, err = stream.Connect(stream.Config{Brokers: []string{"127.0.0.1:1"}}, stream.Deps{})
	require.NoError(t, err)
	t.Cleanup(r.client.Close)
	r.over(statemem.NewIndex())
	require.NoError(t, r.s.Assigned(t.Context(), []stream.Assignment{{Topic: stream.TopicLeaves}}))
	return r
}

// over starts a matcher anew over an index.
func (r *rig) over(x match.Index) {
	r.t.Helper()
	out, err := r.client.NewProducer(stream.ProducerConfig{})
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = out.Close(context.Background()) })
	cfg := Default()
	cfg.Spaces = []string{space}
	r.index, r.source = x, NewSource(x, r.graph, r.cells, time.Now)
	r.s, err = New(cfg, Deps{
		Log: zaptest.NewLogger(r.t), Metrics: prometheus.NewRegistry(), Stream: r.client, Output: out, Graph: r.graph, Cells: r.cells, Index: x, Servers: r.on, Keyring: r.ring, Matches: r.matched,
	})
	require.NoError(r.t, err)
	r.s.ahead.follow = r.followed
}

// followed is what the matcher follows ahead of turns.
func (r *rig) followed(ctx context.Context, topic string, partition int, from int64, fn func(stream.Record) error, caughtUp func()) error {
	if r.comes == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	return r.comes(ctx, topic, partition, from, fn, caughtUp)
}

func (r *rig) key(ns identifier.Namespace, value string) identifier.Key {
	return identifier.KeyOf(ns, r.ring.Pseudonym(space, ns, value))
}

// keyOf gives the key of a subject, which is made when it is first asked for.
func (r *rig) keyOf(k identifier.Key) vault.SubjectKey {
	r.t.Helper()
	cells, err := r.cells.LoadCells(r.t.Context(), []string{resolve.SubjectKeyCell(space, shop, k)})
	require.NoError(r.t, err)
	id := hex.EncodeToString([]byte(k.Value))
	if len(cells[0].Value) > 0 {
		key, err := r.ring.SubjectKey(shop, id, cells[0].Value)
		require.NoError(r.t, err)
		return key
	}
	key, wrapped, err := r.ring.NewSubjectKey(shop, id)
	require.NoError(r.t, err)
	cells[0].Value = wrapped
	r.commit(cells)
	return key
}

func (r *rig) commit(cells []resolve.Cell) {
	r.t.Helper()
	ok, err := r.cells.CommitCells(r.t.Context(), cells)
	require.NoError(r.t, err)
	require.True(r.t, ok[0])
}

// destroy destroys the key of a subject.
func (r *rig) destroy(k identifier.Key) {
	r.t.Helper()
	cells, err := r.cells.LoadCells(r.t.Context(), []string{resolve.SubjectKeyCell(space, shop, k)})
	require.NoError(r.t, err)
	cells[0].Value = nil
	r.commit(cells)
}

func leafID(k identifier.Key) []byte { return []byte(k.Value + "................")[1:17] }

// says publishes a leaf whose person says some traits, and lets the matcher take it.
func (r *rig) says(k identifier.Key, traits map[string]string) {
	r.t.Helper()
	r.take(r.record(k, traits))
}

// record is a leaf on its changelog.
func (r *rig) record(k identifier.Key, traits map[string]string) stream.Record {
	r.t.Helper()
	r.events++
	id, key := &eventpb.Identifier{Namespace: string(k.Namespace), Pseudonym: []byte(k.Value)}, r.keyOf(k)
	sealed := map[string]profile.SealedTrait{}
	for name, value := range traits {
		b, err := key.Seal(name, value)
		require.NoError(r.t, err)
		sealed[name] = b
	}
	at := int64(1000+r.events) * 1e6
	e := &eventpb.Event{
		Space: space, Controller: shop, Source: "till", Id: "e" + string(rune('a'+r.events)), Type: "sale", OccurredAt: at, ReceivedAt: at, Zone: "UTC",
		Leaf: &eventpb.Leaf{Identifiers: []*eventpb.Identifier{id}}, LeafKey: leafID(k), Identifiers: []*eventpb.Identifier{id},
		Data: &eventpb.Event_Sale{Sale: &eventpb.Sale{Total: &eventpb.Money{Minor: 100, Currency: "EUR"}}},
	}
	name := resolve.LeafCell(space, shop, leafID(k))
	cells, err := r.cells.LoadCells(r.t.Context(), []string{name})
	require.NoError(r.t, err)
	state, err := profile.Decode(cells[0].Value)
	require.NoError(r.t, err)
	require.Equal(r.t, profile.Folded, state.Fold(profile.Folding{Event: e, Traits: sealed}))
	cells[0].Value = state.Encode()
	r.commit(cells)
	require.NoError(r.t, r.cells.AddMembers(r.t.Context(), []resolve.Member{{Set: resolve.LeafIndex(space, k), Member: resolve.LeafMember(shop, leafID(k))}}))
	rec, err := stream.Encode(stream.TopicLeaves, []byte(name), &eventpb.Changelog{Space: space, Key: []byte(name), Value: cells[0].Value, Version: 1}, time.Now())
	require.NoError(r.t, err)
	return rec
}

// gone is the last word of a leaf: without value, or deleted.
func (r *rig) gone(k identifier.Key, deleted bool) stream.Record {
	r.t.Helper()
	name := resolve.LeafCell(space, shop, leafID(k))
	require.Equal(r.t, leafPrefix+base64.RawURLEncoding.EncodeToString(leafID(k)), name)
	if deleted {
		return stream.Tombstone(stream.TopicLeaves, []byte(name), time.Now())
	}
	rec, err := stream.Encode(stream.TopicLeaves, []byte(name), &eventpb.Changelog{Space: space, Key: []byte(name), Version: 2}, time.Now())
	require.NoError(r.t, err)
	return rec
}

// take gives records to the matcher as one batch.
func (r *rig) take(records ...stream.Record) {
	r.t.Helper()
	require.NoError(r.t, r.s.Batch(r.t.Context(), r.batch(records...)))
}

func (r *rig) batch(records ...stream.Record) stream.Batch {
	for i := range records {
		records[i].Offset = r.next
		r.next++
	}
	r.log = append(r.log, records...)
	return stream.Batch{Topic: stream.TopicLeaves, Records: records}
}

// again lets a matcher over an empty index read everything from the beginning.
func (r *rig) again() {
	r.t.Helper()
	r.over(statemem.NewIndex())
	parts := []stream.Assignment{{Topic: stream.TopicLeaves, Offset: r.next, End: r.next}}
	require.NoError(r.t, r.cells.SetPlain(r.t.Context(), []resolve.Plain{{Key: r.s.placeKey(0, "")}}))
	require.NoError(r.t, r.s.Assigned(r.t.Context(), parts))
	require.Zero(r.t, parts[0].Offset, "without a place it begins at the beginning")
	log := r.log
	r.log = nil
	require.NoError(r.t, r.s.Batch(r.t.Context(), stream.Batch{Topic: stream.TopicLeaves, Records: log}))
	r.log = log
}

// act is what a steward decides on two identifiers.
func (r *rig) act(op identity.Op, a, b identifier.Key) {
	r.t.Helper()
	r.events++
	if identity.Lesser(b, a) {
		a, b = b, a
	}
	r.apply(&identity.Act{ID: "act" + string(rune('a'+r.events)), T: time.Now().Unix() + int64(r.events), Op: op, A: a, B: b})
}

// seen lets an event show identifiers together.
func (r *rig) seen(keys ...identifier.Key) {
	r.t.Helper()
	r.events++
	r.apply(&identity.Event{ID: "g" + string(rune('a'+r.events)), T: int64(1000 + r.events), Keys: keys})
}

func (r *rig) apply(f identity.Fact) {
	r.t.Helper()
	_, err := r.graph.Apply(r.t.Context(), space, []identity.Fact{f}, nil, time.Now().Unix())
	require.NoError(r.t, err)
}

// shown are the pairs on the stewards' queue.
func (r *rig) shown() (out [][2]identifier.Key) {
	r.t.Helper()
	list, next, err := r.source.Matters(r.t.Context(), space, "", 50)
	require.NoError(r.t, err)
	require.Empty(r.t, next)
	for _, m := range list {
		out = append(out, [2]identifier.Key{m.Keys[0], m.Keys[1]})
	}
	return out
}

func (r *rig) entries() int64 {
	r.t.Helper()
	n, err := r.index.CountEntries(r.t.Context(), space)
	require.NoError(r.t, err)
	return n
}

func vaultOf(t *testing.T) *vault.Keyring {
	t.Helper()
	ring, _, err := vault.LoadOrCreate(filepath.Join(t.TempDir(), "other-keys"))
	require.NoError(t, err)
	return ring
}
