package privacy_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/warehouse"
	eventpb "rcu/schemas/event"
	"rcu/services/privacy"
)

// tables is ClickHouse as far as a removal sees it. What it deletes on the real engine is tested in pkg/warehouse.
type tables struct {
	erased     []warehouse.Erasure
	references []string
	replaced   int // how often it still finds files of deleted rows on disk
}

func (x *tables) Erase(_ context.Context, all []warehouse.Erasure) (int64, error) {
	x.erased = all
	return 1, nil
}

func (x *tables) FilesGone(context.Context, int64) (bool, error) {
	x.replaced = max(x.replaced-1, 0)
	return x.replaced == 0, nil
}

func (x *tables) References(context.Context, []warehouse.Erasure) ([]string, error) {
	return x.references, nil
}

// household is somebody who is erased, and somebody who shares a landline and an order with them.
type household struct {
	*rig
	graph              *resolve.Graph
	index              *stateredis.Index
	reader             *resolve.Reader
	tables             *tables
	plan               string
	mail, card         identifier.Key // of the one
	otherMail, other   identifier.Key // of the other
	landline           identifier.Key
	shared, own, older identifier.Key // orders: of both, of the one, and one that the leaf has forgotten
	leaf, order        []byte         // of the one
	otherLeaf          []byte

	stopped map[string]bool // steps that a test stood still behind, in this half of a removal
	until   int             // rounds; 0: until it is done
}

func newHousehold(t *testing.T) *household {
	t.Helper()
	h := &household{rig: newRig(t), tables: new(tables), stopped: map[string]bool{}}
	h.plan = filepath.Join(filepath.Dir(h.ledger), "erasures.removal")
	h.mail, h.card = h.key(identifier.Email, "camille@example.org"), h.key(identifier.Card, "2000000000015")
	h.otherMail, h.other = h.key(identifier.Email, "dominique@example.org"), h.key(identifier.Card, "2000000000022")
	h.landline = h.key(identifier.Landline, "+33123456789")
	h.shared, h.own, h.older = h.key(identifier.Order, "shop/W1"), h.key(identifier.Order, "shop/W2"), h.key(identifier.Order, "shop/W0")
	h.tables.references = []string{"order:" + idOf(h.older)}
	var err error
	h.graph, err = resolve.NewGraph(stateredis.NewGraph(h.redis), identity.DefaultRules())
	require.NoError(t, err)
	h.reader = resolve.NewReader(h.graph, h.cells)
	at := h.received - 1000
	h.sees(at, "e1", h.mail, h.card, h.landline)
	h.sees(at, "e2", h.otherMail, h.other, h.landline)
	h.sees(at, "e3", h.card, h.shared)
	h.bans(h.card, h.other)
	h.leaf = h.folds("a", identity.Leaf{First: h.card}, at, h.shared, h.own)
	h.order = h.folds("b", identity.Leaf{Reference: h.own}, at)
	h.otherLeaf = h.folds("c", identity.Leaf{First: h.other}, at, h.shared)
	h.shows(h.shared, h.mail, h.other)
	h.shows(h.own, h.mail, h.card)
	h.shows(h.older, h.mail)
	h.publishesGraph()
	h.matches()
	return h
}

// matches fills the index of the matcher: the records of both under one block, and who is probably whom.
func (h *household) matches() {
	h.t.Helper()
	h.index = stateredis.NewIndex(h.redis)
	for n, leaf := range [][]byte{h.leaf, h.order, h.otherLeaf} {
		e := match.Entry{ID: string(leaf), Blocks: []match.Block{block("both"), block(fmt.Sprint("own", n))}, Sealed: []byte("sealed")}
		full, err := h.index.PutEntry(h.t.Context(), space, e)
		require.NoError(h.t, err)
		require.Zero(h.t, full)
	}
	named := func(k identifier.Key) match.Identifier {
		return match.Identifier{Namespace: string(k.Namespace), Pseudonym: []byte(k.Value)}
	}
	stranger, digits := named(h.key(identifier.Card, "2000000000039")), hex.EncodeToString
	for _, s := range []match.Suggestion{
		{ID: "one-other", A: named(h.mail), B: named(h.other), Weight: 9},
		{ID: "other-one", A: named(h.otherMail), B: named(h.card), Weight: 8},
		{ID: "stranger-one", A: stranger, B: stranger, Records: [2]string{"aa", digits(h.leaf)}, Weight: 7},
		{ID: "one-stranger", A: stranger, B: stranger, Records: [2]string{digits(h.order), "aa"}, Weight: 6},
		{ID: "other-stranger", A: named(h.other), B: stranger, Records: [2]string{digits(h.otherLeaf), "aa"}, Weight: 5},
	} {
		require.NoError(h.t, h.index.PutSuggestion(h.t.Context(), space, s, 10))
	}
}

func block(name string) match.Block { return match.Block(fmt.Appendf(nil, "%-8s", name)) }

// matched lists whose records are in the index, and the suggestions.
func (h *household) matched() (records, suggestions []string) {
	h.t.Helper()
	list, _, err := h.index.Suggestions(h.t.Context(), space, "", 10)
	require.NoError(h.t, err)
	for _, s := range list {
		suggestions = append(suggestions, s.ID)
	}
	near, err := h.index.Near(h.t.Context(), space, []match.Block{block("both"), block("own0"), block("own1"), block("own2")}, 10)
	require.NoError(h.t, err)
	for _, e := range near {
		records = append(records, e.ID)
	}
	for _, leaf := range [][]byte{h.leaf, h.order, h.otherLeaf} {
		e, err := h.index.Entry(h.t.Context(), space, string(leaf))
		require.NoError(h.t, err)
		require.Equal(h.t, slices.Contains(records, string(leaf)), e.ID != "", "what is listed is kept")
	}
	n, err := h.index.CountEntries(h.t.Context(), space)
	require.NoError(h.t, err)
	require.Len(h.t, records, int(n))
	return records, suggestions
}

// sees joins the evidence of an event.
func (h *household) sees(at int64, id string, keys ...identifier.Key) {
	h.t.Helper()
	_, err := h.graph.Apply(h.t.Context(), space, []identity.Fact{&identity.Event{ID: id, T: at, Keys: keys}}, nil, h.received)
	require.NoError(h.t, err)
}

// bans has a steward say that two are not one person.
func (h *household) bans(a, b identifier.Key) {
	h.t.Helper()
	_, err := h.graph.Apply(h.t.Context(), space, []identity.Fact{&identity.Act{Op: identity.Ban, A: a, B: b, T: h.received - 500, ID: "ban"}}, nil, h.received)
	require.NoError(h.t, err)
}

// folds makes a leaf with one order, lists it, and tells of it.
func (h *household) folds(id string, leaf identity.Leaf, at int64, refs ...identifier.Key) []byte {
	h.t.Helper()
	named := func(k identifier.Key) *eventpb.Identifier {
		return &eventpb.Identifier{Namespace: string(k.Namespace), Pseudonym: []byte(k.Value)}
	}
	e := &eventpb.Event{Space: space, Controller: retail, Id: id, Source: "shop", Type: "order.placed", OccurredAt: at * 1e6, ReceivedAt: at * 1e6, Leaf: new(eventpb.Leaf)}
	if leaf.Reference.Value != "" {
		e.Leaf.Reference = named(leaf.Reference)
	} else {
		e.Leaf.Identifiers = []*eventpb.Identifier{named(leaf.First)}
	}
	for _, r := range refs {
		e.References = append(e.References, named(r))
	}
	s := new(profile.State)
	s.Fold(profile.Folding{Event: e, Offset: profile.SourceOffset{LogID: "l", Topic: "t"}})
	sum := sha256.Sum256([]byte("leaf" + id))
	key := sum[:resolve.LeafKeySize]
	h.puts(stream.TopicLeaves, resolve.LeafCell(space, retail, key), s.Encode())
	for _, k := range leaf.Keys(nil) {
		require.NoError(h.t, h.cells.AddMembers(h.t.Context(), []resolve.Member{{Set: resolve.LeafIndex(space, k), Member: resolve.LeafMember(retail, key)}}))
	}
	h.puts(stream.TopicRegisters, resolve.OwnerValue(space, key), []byte("12345678"+"owner"))
	return key
}

// shows makes the register of a reference.
func (h *household) shows(reference identifier.Key, beside ...identifier.Key) {
	h.t.Helper()
	var r identity.Register
	for _, k := range beside {
		r, _ = r.Join(identity.Shown{Key: k, T: h.received - 1000, Event: "e"})
		for _, leaf := range [][]byte{h.order} {
			if reference == h.own {
				require.NoError(h.t, h.cells.AddMembers(h.t.Context(), []resolve.Member{{Set: resolve.LeafIndex(space, k), Member: resolve.LeafMember(retail, leaf)}}))
			}
		}
	}
	h.puts(stream.TopicRegisters, resolve.ReferenceCell(space, reference), r.Encode())
}

// puts writes a cell and its changelog.
func (h *household) puts(topic, key string, value []byte) {
	h.t.Helper()
	cells := []resolve.Cell{{Key: key, Value: value}}
	ok, err := h.cells.CommitCells(h.t.Context(), cells)
	require.NoError(h.t, err)
	require.True(h.t, ok[0])
	if strings.HasPrefix(key, "lo:") {
		return
	}
	record, err := stream.Encode(topic, []byte(key), &eventpb.Changelog{Space: space, Key: []byte(key), Value: value, Version: cells[0].Version}, time.Now())
	require.NoError(h.t, err)
	require.NoError(h.t, h.out.Publish(h.t.Context(), []stream.Record{record}))
}

// publishesGraph does what a resolver does with the outbox: components as they are, and tombstones of those that are gone.
func (h *household) publishesGraph() {
	h.t.Helper()
	entries, err := h.graph.ReadOutbox(h.t.Context(), space, "", 100)
	require.NoError(h.t, err)
	for _, e := range entries {
		for _, c := range append(e.Written, e.Gone...) {
			key := []byte(space + ":" + idOf(identifier.Key{Value: string(c[:])}))
			record := stream.Tombstone(stream.TopicGraph, key, time.Now())
			standing, err := h.graph.Records(h.t.Context(), space, []resolve.ComponentKey{c})
			require.NoError(h.t, err)
			if v, stands := standing[c]; stands {
				record, err = stream.Encode(stream.TopicGraph, key, &eventpb.Changelog{Space: space, Key: c[:], Value: []byte(v), Version: resolve.RecordVersion(v)}, time.Now())
				require.NoError(h.t, err)
			}
			require.NoError(h.t, h.out.Publish(h.t.Context(), []stream.Record{record}))
		}
		require.NoError(h.t, h.graph.TrimOutbox(h.t.Context(), space, e.ID))
	}
}

// erases has the one erased, and their keys destroyed.
func (h *household) erases() {
	h.t.Helper()
	h.decides(h.mail, "object", h.received)
	h.decides(h.card, "object", h.received)
	h.people[h.card.Value] = []*profile.State{orderOf(h.t, h.own, h.received-1000)}
	h.works(0, privacy.Destroyed, 3)
}

// removes runs rounds of a worker until a removal is done; a stop is a kill.
func (h *household) removes() (rounds int) {
	h.t.Helper()
	for done := 0; done == 0 && (h.until == 0 || rounds < h.until); rounds++ {
		require.Less(h.t, rounds, 200, "the removal does not end")
		ledger := openLedger(h.t, h.ledger)
		s, err := privacy.New(privacy.Config{Group: "privacy", Every: time.Second, Settle: time.Millisecond, Again: time.Millisecond}, privacy.Deps{
			Log: zaptest.NewLogger(h.t), Metrics: prometheus.NewRegistry(), Stream: h.stream, Output: h.out, People: h.reader, Cells: h.cells, Keyring: h.ring,
			Files: h.redis, Ledger: ledger,
			Removal: &privacy.Removal{Plan: h.plan, Cells: stateredis.NewCells(h.redis), Graph: h.graph, Rows: h.tables, Matches: stateredis.NewIndex(h.redis)},
		})
		require.NoError(h.t, err)
		done, err = s.RemovalRound(h.t.Context())
		if !errors.Is(err, privacy.ErrStop) {
			require.NoError(h.t, err)
			clear(h.stopped)
		}
		h.publishesGraph()
		require.NoError(h.t, ledger.Close())
	}
	return rounds
}

// filesWith lists the files of Redis and Kafka that hold some bytes, those of topics that keep proofs aside.
func (h *household) filesWith(secret string) (out []string) {
	h.t.Helper()
	require.NoError(h.t, filepath.WalkDir(h.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.Contains(path, stream.TopicConsents) || strings.Contains(path, stream.TopicKeys) {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), secret) {
			out = append(out, path)
		}
		return err
	}))
	return out
}

// gone says that nothing of the one is anywhere, and all of the other is as it was.
func (h *household) gone() {
	h.t.Helper()
	h.broker.Cluster().Compact()
	for _, k := range []identifier.Key{h.mail, h.own, h.older} {
		require.Empty(h.t, h.filesWith(k.Value), k.Namespace)
	}
	for _, leaf := range [][]byte{h.leaf, h.order} {
		require.Empty(h.t, h.filesWith(string(leaf[:8])), "nor in the lists of the matcher, which shorten it")
		require.Empty(h.t, h.filesWith(hex.EncodeToString(leaf)))
	}
	require.Zero(h.t, h.tables.replaced)
	for _, f := range h.filesWith(h.card.Value) { // the ban of a steward stays: on the changelog of the graph and in Redis
		require.True(h.t, strings.Contains(f, stream.TopicGraph) || strings.Contains(f, "redis"), f)
	}
	require.NotEmpty(h.t, h.filesWith(h.otherMail.Value), "the search sees what lies in files")
	h.isGone()
	require.Len(h.t, h.tables.erased[0].Leaves, 2)
	_, err := os.Stat(h.plan)
	require.ErrorIs(h.t, err, os.ErrNotExist)
	for _, e := range h.entries() {
		require.NotZero(h.t, e.RemovedAt)
	}
}

// isGone says the same of the state alone.
func (h *household) isGone() {
	h.t.Helper()
	ctx := h.t.Context()
	people, err := h.reader.People(ctx, space, []identifier.Key{h.mail, h.card, h.own, h.other}, h.received)
	require.NoError(h.t, err)
	for _, p := range people[:3] {
		require.Empty(h.t, p.Leaves)
		require.Len(h.t, p.Members, 1)
	}
	require.Len(h.t, people[3].Leaves, 1)
	require.Equal(h.t, h.otherLeaf, people[3].Leaves[0].Key)
	require.True(h.t, people[3].Leaves[0].Owned)
	require.Len(h.t, people[3].Members, 2, "the other's own identifiers")
	stored, err := h.graph.Stored(ctx, space, []identifier.Key{h.mail, h.card}, h.received)
	require.NoError(h.t, err)
	require.Empty(h.t, stored)
	registers, err := resolve.LoadRegisters(ctx, h.cells, space, []identifier.Key{h.shared, h.own, h.older})
	require.NoError(h.t, err)
	require.Empty(h.t, registers[h.own])
	require.Empty(h.t, registers[h.older])
	require.Len(h.t, registers[h.shared], 1)
	require.Equal(h.t, h.other, registers[h.shared][0].Key)
	act, err := h.graph.ActOn(ctx, space, h.card, h.other, h.received)
	require.NoError(h.t, err)
	require.Equal(h.t, identity.Ban, act.Op, "a ban outlives the erasure")
}
