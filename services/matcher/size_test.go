package matcher

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/match"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/stateredis"
	"rcu/pkg/stream"
	"rcu/pkg/testkit"
	"rcu/services/internal/demo"
)

// TestSize holds RCU_MATCH_PEOPLE people in Redis, sends 1,000 leaves a second, of which one in three says something new, and measures.
func TestSize(t *testing.T) {
	testkit.Long(t)
	people := 20_000
	if n, err := strconv.Atoi(os.Getenv("RCU_MATCH_PEOPLE")); err == nil {
		people = n
	}
	r := newRig(t)
	addr := testkit.Redis(t)
	client, err := stateredis.Open(t.Context(), stateredis.Config{Addrs: []string{addr}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	raw := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { _ = raw.Close() })
	r.cells = stateredis.NewCells(client)
	r.graph, err = resolve.NewGraph(stateredis.NewGraph(client), identity.DefaultRules())
	require.NoError(t, err)
	r.over(stateredis.NewIndex(client))
	c := demo.NewCrowd()
	began := time.Now()
	before, after, dropped := fill(t, r, raw, c, people)
	t.Logf("%d people loaded in %v: index %d bytes a person; %d places in full blocks", people, time.Since(began).Round(time.Second), (after-before)/int64(people), dropped)
	took, suggestions := drive(t, r, c, people)
	slices.Sort(took)
	at := func(q float64) time.Duration { return took[int(q*float64(len(took)-1))].Round(100 * time.Microsecond) }
	t.Logf("%d leaves: p50 %v, p99 %v, most %v; %d suggestions; redis grew by %d bytes", len(took), at(.5), at(.99), at(1), suggestions, memoryOf(t, raw)-after)
	require.Positive(t, suggestions)
	if people >= 1_000_000 {
		require.LessOrEqual(t, at(.99), 100*time.Millisecond)
	}
}

func memoryOf(t *testing.T, c *redis.Client) (n int64) {
	t.Helper()
	info, err := c.Info(t.Context(), "memory").Result()
	require.NoError(t, err)
	for line := range strings.Lines(info) {
		if text, found := strings.CutPrefix(line, "used_memory:"); found {
			n, err = strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			require.NoError(t, err)
		}
	}
	return n
}

// cardOf is the card of person n.
func cardOf(r *rig, n int) identifier.Key { return r.key("card", fmt.Sprintf("29%011d", n)) }

// listing is a place in the list of a block.
type listing struct {
	block  match.Block
	person uint32
}

// fill loads people as the adapter would lay them, in bulk: the keys of the subjects first, then the index.
func fill(t *testing.T, r *rig, raw *redis.Client, c *demo.Crowd, people int) (before, after int64, dropped int) {
	t.Helper()
	const step = 1000
	parts := make([][]match.Entry, (people+step-1)/step)
	var wg sync.WaitGroup
	gate := make(chan struct{}, 4)
	for p := range parts {
		wg.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			parts[p] = r.entriesOf(c, p*step, min((p+1)*step, people))
		})
	}
	wg.Wait()
	before = memoryOf(t, raw)
	var lists []listing
	ids := make([][8]byte, 0, people)
	for p := range parts {
		pipe := raw.Pipeline()
		for _, e := range parts[p] {
			b := append([]byte{2}, e.ID...)
			b = append(b, byte(len(e.Blocks)))
			for _, x := range e.Blocks {
				b = append(b, x[:]...)
				lists = append(lists, listing{x, uint32(len(ids))})
			}
			ids = append(ids, [8]byte([]byte(e.ID)))
			pipe.Set(t.Context(), "me:"+space+":"+e.ID[:8], append(b, e.Sealed...), 0)
		}
		_, err := pipe.Exec(t.Context())
		require.NoError(t, err)
		parts[p] = nil
	}
	slices.SortFunc(lists, func(x, y listing) int {
		return cmp.Or(cmp.Compare(binary.BigEndian.Uint64(x.block[:]), binary.BigEndian.Uint64(y.block[:])), cmp.Compare(x.person, y.person))
	})
	pipe := raw.Pipeline()
	for from := 0; from < len(lists); {
		b, to := lists[from].block, from
		var all []byte
		for ; to < len(lists) && lists[to].block == b; to++ {
			if to-from < match.MaxBlockEntries {
				all = append(all, ids[lists[to].person][:]...)
			} else {
				dropped++
			}
		}
		number := binary.BigEndian.Uint32(b[:4]) >> (32 - 19)
		key := "mb:" + space + ":" + hex.EncodeToString(binary.BigEndian.AppendUint32(nil, number)[1:])
		for n := 0; n*56 < len(all); n++ {
			pipe.HSet(t.Context(), key, string(b[2:])+string(rune(n)), all[n*56:min(n*56+56, len(all))])
		}
		from = to
		if pipe.Len() > 5000 {
			_, err := pipe.Exec(t.Context())
			require.NoError(t, err)
		}
	}
	pipe.Set(t.Context(), "mn:"+space, people, 0)
	_, err := pipe.Exec(t.Context())
	require.NoError(t, err)
	t.Logf("%.1f blocks a person", float64(len(lists))/float64(people))
	return before, memoryOf(t, raw), dropped
}

// entriesOf makes the entries of some people, and stores their subject keys.
func (r *rig) entriesOf(c *demo.Crowd, from, to int) (out []match.Entry) {
	ctx := context.Background()
	var cells []resolve.Cell
	for n := from; n < to; n++ {
		k := cardOf(r, n)
		key, wrapped, err := r.ring.NewSubjectKey(shop, hex.EncodeToString([]byte(k.Value)))
		if err != nil {
			panic(err)
		}
		cells = append(cells, resolve.Cell{Key: resolve.SubjectKeyCell(space, shop, k), Value: wrapped})
		e, err := NewEntry(r.ring, Record{Space: space, Controller: shop, Leaf: string(leafID(k)), Key: k, Traits: c.Traits(n)}, key)
		if err != nil {
			panic(err)
		}
		out = append(out, e)
	}
	if _, err := r.cells.CommitCells(ctx, cells); err != nil {
		panic(err)
	}
	return out
}

// drive sends 1,000 leaves a second for some seconds, in batches as they come, and measures from when each was due.
func drive(t *testing.T, r *rig, c *demo.Crowd, people int) (took []time.Duration, suggestions int64) {
	t.Helper()
	const rate, seconds = 1000, 10
	draw := rand.New(rand.NewPCG(5, 5))
	records := make([]stream.Record, 0, rate*seconds)
	var known []identifier.Key
	for i := range rate * seconds {
		switch {
		case i%3 > 0 && len(known) > 0: // a leaf that says nothing new
			records = append(records, r.record(known[draw.IntN(len(known))], nil))
			continue
		}
		k, x := r.key("phone", "+336"+fmt.Sprintf("%08d", i)), c.Traits(people+i)
		if i%2 == 0 { // somebody who is there, with a typing error
			x = c.Mistyped(draw.IntN(people))
		}
		records, known = append(records, r.record(k, x)), append(known, k)
	}
	require.NoError(t, r.s.Assigned(t.Context(), []stream.Assignment{{Topic: stream.TopicLeaves}}))
	began := time.Now()
	due := func(i int) time.Time { return began.Add(time.Duration(i) * time.Second / rate) }
	for i := 0; i < len(records); {
		<-time.After(time.Until(due(i)))
		n := i + 1
		for n < len(records) && n-i < batchRecords && !due(n).After(time.Now()) {
			n++
		}
		r.log = nil
		r.take(records[i:n]...)
		now := time.Now()
		for ; i < n; i++ {
			took = append(took, now.Sub(due(i)))
		}
	}
	suggestions, err := r.index.CountSuggestions(t.Context(), space)
	require.NoError(t, err)
	return took, suggestions
}
