package stateredis

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
)

var update = flag.Bool("update", false, "write the golden file anew: only where something was added, version 1 is read for ever")

const goldenFile = "testdata/store-v1.json"

// goldenStore is a small Redis as version 1 left it, key by key, and what its values say.
type goldenStore struct {
	Keys    []goldenKey     `json:"keys"`
	Cells   []resolve.Cell  `json:"cells"`   // by the keys that the program knows them by
	Sets    []goldenSet     `json:"sets"`    // leaf indexes
	Members [][]string      `json:"members"` // of profiles: what stands together
	Outbox  []uint64        `json:"outbox"`  // versions of its entries
	Due     int             `json:"due"`     // components that the clock will bring back
	Rules   json.RawMessage `json:"rules"`
}

// goldenKey is one key of Redis. Parts are pairs of field and value, of member and score, or members.
type goldenKey struct {
	Key   []byte   `json:"key"`
	Type  string   `json:"type"`
	Parts [][]byte `json:"parts"`
}

type goldenSet struct {
	Key     string   `json:"key"`
	Members [][]byte `json:"members"`
}

const (
	goldenSpace = "fr"
	goldenNow   = 1_700_000_000
)

func goldenFacts() []identity.Fact {
	key := identitytest.Key
	event := func(i int, keys ...identifier.Key) identity.Fact {
		return &identity.Event{ID: fmt.Sprint("till/", i), T: goldenNow + int64(i), Keys: keys}
	}
	grant := &identity.Decision{Point: key(identifier.Cookie, 1), Purpose: identity.UnifyBehaviour}
	grant.At, grant.Dec, grant.Expires, grant.ID = goldenNow, consent.Grant, goldenNow+1000, "d1"
	return []identity.Fact{
		event(1, key(identifier.Card, 1), key(identifier.Email, 1)), event(2, key(identifier.Email, 1), key(identifier.Phone, 1)),
		event(3, key(identifier.Customer, 2), key(identifier.Phone, 2)), grant,
		&identity.Act{ID: "a1", T: goldenNow, Op: identity.Ban, A: key(identifier.Card, 1), B: key(identifier.Phone, 2)},
	}
}

// goldenCells are one of each kind of small cell, short and long, and a leaf.
func goldenCells() []resolve.Cell {
	email := identitytest.Key(identifier.Email, 1)
	long := make([]byte, 150)
	for i := range long {
		long[i] = byte(i)
	}
	leaf := []byte("0123456789abcdef")
	return []resolve.Cell{
		{Key: resolve.SubjectKeyCell(goldenSpace, "retail", email), Value: long[:49]},
		{Key: resolve.OwnerValue(goldenSpace, leaf), Value: append([]byte{0, 0, 0, 0, 0, 0, 0, 7}, '-')},
		{Key: resolve.ReferenceCell(goldenSpace, identitytest.Key(identifier.Order, 1)), Value: long},
		{Key: resolve.ConsentCell(goldenSpace, "retail", email), Value: long[:64]},
		{Key: resolve.LeafCell(goldenSpace, "retail", leaf), Value: long[:100]},
	}
}

func goldenMembers() (members []resolve.Member) {
	for i := range 45 { // one index goes on in a set of its own
		of := identitytest.Key(identifier.Email, i%9/8)
		leaf := fmt.Appendf(nil, "leaf%012d", i)
		members = append(members, resolve.Member{Set: resolve.LeafIndex(goldenSpace, of), Member: resolve.LeafMember("retail", leaf)})
	}
	return members
}

func writeGolden(t *testing.T, c *Client) {
	t.Helper()
	ctx, cells := t.Context(), NewCells(c)
	graph, err := resolve.NewGraph(NewGraph(c), identity.DefaultRules())
	require.NoError(t, err)
	require.NoError(t, graph.SetRules(ctx, goldenSpace, identity.DefaultRules(), 1))
	for _, f := range goldenFacts() {
		_, err := graph.Apply(ctx, goldenSpace, []identity.Fact{f}, nil, goldenNow+10)
		require.NoError(t, err)
	}
	written, err := cells.CommitCells(ctx, goldenCells())
	require.NoError(t, err)
	require.NotContains(t, written, false)
	require.NoError(t, cells.AddMembers(ctx, goldenMembers()))
	var g goldenStore
	g.Keys = dump(t, c)
	read(t, c, &g)
	body, err := json.MarshalIndent(g, "", " ")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(goldenFile), 0o750))
	require.NoError(t, os.WriteFile(goldenFile, append(body, '\n'), 0o600))
}

// dump lists all keys but those of one run.
func dump(t *testing.T, c *Client) (keys []goldenKey) {
	t.Helper()
	require.NoError(t, c.walk(t.Context(), func(ctx context.Context, node redis.Cmdable, names []string) error {
		for _, name := range names {
			k := goldenKey{Key: []byte(name), Type: node.Type(ctx, name).Val()}
			switch k.Type {
			case "string":
				k.Parts = append(k.Parts, []byte(node.Get(ctx, name).Val()))
			case "hash":
				for f, v := range node.HGetAll(ctx, name).Val() {
					k.Parts = append(k.Parts, []byte(f), []byte(v))
				}
			case "set":
				for _, m := range node.SMembers(ctx, name).Val() {
					k.Parts = append(k.Parts, []byte(m))
				}
			case "zset":
				for _, z := range node.ZRangeWithScores(ctx, name, 0, -1).Val() {
					k.Parts = append(k.Parts, []byte(z.Member.(string)), []byte(strconv.FormatFloat(z.Score, 'f', -1, 64))) //nolint:forcetypeassert // a member is one
				}
			case "stream":
				for _, m := range node.XRange(ctx, name, "-", "+").Val() {
					k.Parts = append(k.Parts, []byte(m.ID))
					for _, f := range []string{"v", "d", "w", "g"} {
						k.Parts = append(k.Parts, []byte(m.Values[f].(string))) //nolint:forcetypeassert // a field is one
					}
				}
			}
			keys = append(keys, k)
		}
		return nil
	}))
	return keys
}

// restore writes the keys with commands of Redis alone.
func restore(t *testing.T, c *Client, keys []goldenKey) {
	t.Helper()
	ctx := t.Context()
	for _, k := range keys {
		name, p := string(k.Key), k.Parts
		switch k.Type {
		case "string":
			require.NoError(t, c.rdb.Set(ctx, name, p[0], 0).Err())
		case "hash":
			for i := 0; i < len(p); i += 2 {
				require.NoError(t, c.rdb.HSet(ctx, name, p[i], p[i+1]).Err())
			}
		case "set":
			for _, m := range p {
				require.NoError(t, c.rdb.SAdd(ctx, name, m).Err())
			}
		case "zset":
			for i := 0; i < len(p); i += 2 {
				require.NoError(t, c.rdb.Do(ctx, "ZADD", name, p[i+1], p[i]).Err())
			}
		case "stream":
			for i := 0; i < len(p); i += 5 {
				require.NoError(t, c.rdb.Do(ctx, "XADD", name, p[i], "v", p[i+1], "d", p[i+2], "w", p[i+3], "g", p[i+4]).Err())
			}
		}
	}
}

// read asks the program for everything that the store holds.
func read(t *testing.T, c *Client, g *goldenStore) {
	t.Helper()
	ctx, cells, state := t.Context(), NewCells(c), NewGraph(c)
	var names []string
	for _, x := range goldenCells() {
		names = append(names, x.Key)
	}
	var err error
	g.Cells, err = cells.LoadCells(ctx, names)
	require.NoError(t, err)
	for i := range 2 {
		name := resolve.LeafIndex(goldenSpace, identitytest.Key(identifier.Email, i))
		sets, err := cells.Members(ctx, []string{name})
		require.NoError(t, err)
		x := goldenSet{Key: name}
		for _, m := range sets[0] {
			x.Members = append(x.Members, []byte(m))
		}
		g.Sets = append(g.Sets, x)
	}
	graph, err := resolve.NewGraph(state, identity.Rules{MaxNodes: 1, MaxEdges: 1, MaxDegree: 1, MaxNames: 1}) // those of the store hold
	require.NoError(t, err)
	for _, k := range []identifier.Key{identitytest.Key(identifier.Card, 1), identitytest.Key(identifier.Phone, 2), identitytest.Key(identifier.Cookie, 1)} {
		view, err := graph.View(ctx, goldenSpace, []identifier.Key{k}, goldenNow+10)
		require.NoError(t, err)
		var members []string
		for _, m := range view.Profile(k).Members {
			members = append(members, m.Value)
		}
		g.Members = append(g.Members, members)
	}
	items, err := state.ReadOutbox(ctx, goldenSpace, "", 100)
	require.NoError(t, err)
	for _, x := range items {
		g.Outbox = append(g.Outbox, x.Version)
	}
	due, err := state.DueComponents(ctx, goldenSpace, goldenNow+2000, 100)
	require.NoError(t, err)
	g.Due = len(due)
	_, g.Rules, err = state.GraphRules(ctx, goldenSpace)
	require.NoError(t, err)
}

// A Redis that version 1 left is read for ever, and gone on with: pointers, records, buckets of subject keys, registers and published
// owners, leaf indexes, the outbox.
func TestStoreOfV1Opens(t *testing.T) {
	c := open(t)
	if *update {
		writeGolden(t, c)
		require.NoError(t, c.rdb.FlushDB(t.Context()).Err())
	}
	body, err := os.ReadFile(goldenFile)
	require.NoError(t, err)
	var want, got goldenStore
	require.NoError(t, json.Unmarshal(body, &want))
	restore(t, c, want.Keys)
	got.Keys = want.Keys
	read(t, c, &got)
	text, err := json.MarshalIndent(got, "", " ")
	require.NoError(t, err)
	require.JSONEq(t, string(body), string(text))
	require.Equal(t, []string{"card:1", "email:1", "phone:1"}, want.Members[0])
	require.Len(t, want.Sets[0].Members, 40)
	goOn(t, c, got.Cells)
}

// goOn writes over what version 1 left: known facts write nothing, cells have the versions that were read, and indexes their members.
func goOn(t *testing.T, c *Client, cells []resolve.Cell) {
	t.Helper()
	ctx, state := t.Context(), NewGraph(c)
	graph, err := resolve.NewGraph(state, identity.DefaultRules())
	require.NoError(t, err)
	_, before, err := state.OutboxEnds(ctx, goldenSpace)
	require.NoError(t, err)
	_, err = graph.Apply(ctx, goldenSpace, goldenFacts(), nil, goldenNow+10)
	require.NoError(t, err)
	_, after, err := state.OutboxEnds(ctx, goldenSpace)
	require.NoError(t, err)
	require.Equal(t, before, after, "known facts were written")
	written, err := NewCells(c).CommitCells(ctx, cells)
	require.NoError(t, err)
	require.NotContains(t, written, false)
	require.NoError(t, NewCells(c).AddMembers(ctx, goldenMembers()))
	sets, err := NewCells(c).Members(ctx, []string{resolve.LeafIndex(goldenSpace, identitytest.Key(identifier.Email, 0))})
	require.NoError(t, err)
	require.Len(t, sets[0], 40)
}
