package stateredis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statetest"
	"rcu/pkg/testkit"
)

func TestAValueWithManyNeighbours(t *testing.T) { hub(t, 1_500, oracleAnswer) }

func TestAValueWithTwoHundredThousandNeighbours(t *testing.T) {
	testkit.Long(t)
	hub(t, 200_000, func(t *testing.T, f *identity.Facts) *identity.Answer {
		t.Helper() // the oracle asks every pair about every other one; solve is held against it by the laws
		answer, err := f.Solve()
		require.NoError(t, err)
		return answer
	})
}

func oracleAnswer(_ *testing.T, f *identity.Facts) *identity.Answer {
	return identitytest.Ask(f).Answer()
}

// hubFacts is an e-mail typed for very many cards, among them phones that are shared by some, and accounts that know their card.
func hubFacts(neighbours int, rng *rand.Rand) *identity.Facts {
	f := &identity.Facts{Rules: identity.DefaultRules(), Now: 1 << 30}
	show := func(t int64, stated bool, keys ...identifier.Key) {
		id := fmt.Sprint("e", len(f.Events))
		f.Events = append(f.Events, identity.SolveEvent{Event: &identity.Event{ID: id, T: t, Keys: keys, Stated: stated}})
	}
	email := identitytest.Key(identifier.Email, 0)
	for i := range neighbours {
		card, at := identitytest.Key(identifier.Card, i), rng.Int64N(1<<29)
		switch i % 10 {
		case 0:
			show(at, true, email, card, identitytest.Key(identifier.Phone, i%50))
		case 1:
			show(at, true, email, card)
			show(at, false, card, identitytest.Key(identifier.Customer, i))
		default:
			show(at, i%3 > 0, email, card)
		}
	}
	rng.Shuffle(len(f.Events), func(i, j int) { f.Events[i], f.Events[j] = f.Events[j], f.Events[i] })
	return f
}

// hub feeds a value with very many neighbours in random order by eight workers: nothing grows over its cap, no command is wide, and the
// answer is a recomputation's. How long commands take on a quiet machine is for BenchmarkHub.
func hub(t *testing.T, neighbours int, answer func(*testing.T, *identity.Facts) *identity.Answer) {
	t.Helper()
	c := open(t)
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(uint64(neighbours), 1))
	f := hubFacts(neighbours, rng)
	watchSlow(t, c, "5000")
	w := watchWidths(c)
	feedInBatches(t, c, identitytest.All(f), 8, 1000, f.Now)
	w.graphWidths(t)
	longest, over := slowest(t, c)
	graph, err := resolve.NewGraph(NewGraph(c), f.Rules)
	require.NoError(t, err)
	want := answer(t, f)
	keys := statetest.Keys(f)
	largest := 0
	for page := range slices.Chunk(keys, 2000) {
		view, err := graph.View(ctx, "hub", page, f.Now)
		require.NoError(t, err)
		for _, k := range page {
			p := view.Profile(k)
			largest = max(largest, len(p.Members))
			members := make([]string, len(p.Members))
			for i, m := range p.Members {
				members[i] = m.Value
			}
			slices.Sort(members)
			if !slices.Equal(want.Profiles[p.Canonical.Value], members) {
				t.Fatalf("%s is in %v, want %v", k.Value, members, want.Profiles[p.Canonical.Value])
			}
			standing := identity.Clean.String()
			if s, nobody := want.Nobody[k.Value]; nobody {
				standing = s
			}
			if view.Standing(k).String() != standing {
				t.Fatalf("%s is %s, want %s", k.Value, view.Standing(k), standing)
			}
		}
	}
	assert.Equal(t, identity.Quarantined.String(), want.Nobody[identitytest.Key(identifier.Email, 0).Value])
	assert.LessOrEqual(t, largest, f.Rules.MaxNodes)
	records, err := c.rdb.Do(ctx, "EVAL", longestRecord, 0, "{hub}:c:*").Int()
	require.NoError(t, err)
	assert.Less(t, records, 256<<10, "bytes of the longest record")
	t.Logf("%d neighbours: largest profile %d, longest record %d bytes; %d commands over 5 ms by the clock, at most %s", neighbours, largest, records, over, longest)
}

// longestRecord finds the length of the longest value.
const longestRecord = `local longest, cursor = 0, '0'
repeat
  local r = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 1000)
  cursor = r[1]
  for _, k in ipairs(r[2]) do longest = math.max(longest, redis.call('STRLEN', k)) end
until cursor == '0'
return longest`

// feedInBatches applies facts by workers that take batches in turn; known facts write nothing.
func feedInBatches(t testing.TB, c *Client, facts []identity.Fact, workers, batch int, now int64) (conflicts int64) {
	t.Helper()
	queue := make(chan []identity.Fact, workers)
	var wg sync.WaitGroup
	refused := &counting{GraphState: NewGraph(c)}
	for range workers {
		graph, err := resolve.NewGraph(refused, identity.DefaultRules())
		require.NoError(t, err)
		wg.Go(func() {
			for some := range queue {
				if _, err := graph.Apply(t.Context(), "hub", some, nil, now); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for some := range slices.Chunk(facts, batch) {
		queue <- some
	}
	close(queue)
	wg.Wait()
	return refused.n.Load()
}

// counting counts plans that were refused.
type counting struct {
	resolve.GraphState
	n atomic.Int64
}

// CommitGraph implements resolve.GraphState.
func (c *counting) CommitGraph(ctx context.Context, space string, commits []*resolve.GraphCommit) ([]uint64, error) {
	versions, err := c.GraphState.CommitGraph(ctx, space, commits)
	for _, v := range versions {
		if v == 0 {
			c.n.Add(1)
		}
	}
	return versions, err
}

// Sixty-four workers on the same hundred people: one answer, and conflicts there are. Then all of it again: known traffic writes nothing.
func TestSixtyFourWorkersOnTheSamePeople(t *testing.T) {
	c := open(t)
	ctx := t.Context()
	rng := rand.New(rand.NewPCG(64, 1))
	f := &identity.Facts{Rules: identity.DefaultRules(), Now: 1 << 30}
	kinds := []identifier.Namespace{identifier.Customer, identifier.Card, identifier.Email, identifier.Phone, identifier.Pay}
	for i := range 1200 {
		e := &identity.Event{ID: fmt.Sprint("e", i), T: rng.Int64N(1 << 29), Stated: rng.IntN(3) == 0}
		who := rng.IntN(100)
		for range 2 + rng.IntN(2) {
			person := who
			if rng.IntN(40) == 0 { // somebody else's, now and then
				person = rng.IntN(100)
			}
			e.Keys = append(e.Keys, identitytest.Key(kinds[rng.IntN(len(kinds))], person))
		}
		f.Events = append(f.Events, identity.SolveEvent{Event: e})
	}
	conflicts := feedInBatches(t, c, identitytest.All(f), 64, 5, f.Now)
	assert.NotZero(t, conflicts, "nobody met anybody: the test shows nothing")
	graph, err := resolve.NewGraph(NewGraph(c), f.Rules)
	require.NoError(t, err)
	assert.Empty(t, statetest.Differs(ctx, graph, "hub", f, false))

	require.NoError(t, c.rdb.ConfigResetStat(ctx).Err())
	assert.Zero(t, feedInBatches(t, c, identitytest.All(f), 8, 50, f.Now))
	stats, err := c.rdb.Info(ctx, "commandstats").Result()
	require.NoError(t, err)
	var used []string
	for _, m := range regexp.MustCompile(`cmdstat_([^:]+):`).FindAllStringSubmatch(stats, -1) {
		used = append(used, m[1])
	}
	slices.Sort(used)
	for _, name := range used {
		assert.Contains(t, []string{"config|resetstat", "client|setinfo", "hello", "hget", "hmget", "info", "mget", "ping", "select"}, name, "known traffic")
	}
	t.Logf("%d plans refused; known traffic used %v", conflicts, used)
}
