package stateredis

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
	"rcu/pkg/testkit"
)

// drawn is a cell whose value follows from its key and version, of any length that takes one piece to five.
func drawn(kind string, n int, version uint64) resolve.Cell {
	size := (n*7 + int(version)*31) % 300
	return resolve.Cell{Key: fmt.Sprintf("%s:s:%d", kind, n), Version: version, Value: bytes.Repeat([]byte{byte(n), byte(version)}, size/2)}
}

// filled checks that the newest of all cells that were put stand, each once.
func filled(t *testing.T, c *Client, newest map[string]resolve.Cell) {
	t.Helper()
	keys := make([]string, 0, len(newest))
	for k := range newest {
		keys = append(keys, k)
	}
	got, err := NewCells(c).LoadCells(t.Context(), keys)
	require.NoError(t, err)
	for _, x := range got {
		require.Equal(t, newest[x.Key].Version, x.Version, x.Key)
		require.True(t, bytes.Equal(newest[x.Key].Value, x.Value), x.Key)
	}
	require.Equal(t, len(newest), standing(t, c), "each value once")
}

// standing counts the values of registers, subject keys and leaves, in whatever levels.
func standing(t *testing.T, c *Client) (values int) {
	t.Helper()
	t.Helper()
	names := map[string]bool{}
	require.NoError(t, c.walk(t.Context(), func(ctx context.Context, node redis.Cmdable, keys []string) error {
		for _, key := range keys {
			switch KindOf(key) {
			case "leaf":
				names[key] = true
			case "reference register", "subject key":
				if err := eachOfBucket(ctx, node, key, func(name, _ string) error { names[key+" "+name] = true; return nil }); err != nil {
					return err
				}
			}
		}
		return nil
	}))
	return len(names)
}

// Whoever puts what in whatever portions, the newest stand, each in one level alone: also where a bucket has no room for all that comes.
func TestFillingManyAtOnce(t *testing.T) {
	c := open(t)
	rng := rand.New(rand.NewPCG(7, 7))
	newest := map[string]resolve.Cell{}
	var all []resolve.Cell
	for n := range 30_000 {
		for range 1 + rng.IntN(2) {
			x := drawn([]string{"r", "r", "k", "l"}[n%4], n, 1+rng.Uint64N(1<<uint(rng.IntN(20))))
			if all = append(all, x); newest[x.Key].Version < x.Version {
				newest[x.Key] = x
			}
		}
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var wg sync.WaitGroup
	cells := NewCells(c)
	for _, part := range slices.Collect(slices.Chunk(all, len(all)/3+1)) {
		wg.Go(func() {
			for some := range slices.Chunk(part, 3000) {
				if err := cells.PutCells(t.Context(), some); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	filled(t, c, newest)
	require.Equal(t, 2, cells.levels.of("r"))
	require.NoError(t, NewCells(c).PutCells(t.Context(), all), "again, by one who knows nothing")
	filled(t, c, newest)
	known := 0
	for _, names := range cells.full.names {
		known += len(names)
	}
	require.Positive(t, known, "full buckets are known by name")
}

// What stands stays, and who is told so puts his over what he read.
func TestFillingWhereNothingStands(t *testing.T) {
	c := open(t)
	cells := NewCells(c)
	var all, half []resolve.Cell
	for n := range 600 {
		x := drawn([]string{"cr", "cr", "ar"}[n%3], n, 5)
		if all = append(all, x); n%2 == 0 {
			x.Version, x.Value = 9, []byte("stands")
			half = append(half, x)
		}
	}
	require.NoError(t, cells.PutCells(t.Context(), half))
	standing, err := cells.PutAbsent(t.Context(), all)
	require.NoError(t, err)
	slices.Sort(standing)
	want := make([]int, 0, len(half))
	for n := range half {
		want = append(want, 2*n)
	}
	require.Equal(t, want, standing)
	stored := func(n int) resolve.Cell {
		got, err := cells.LoadCells(t.Context(), []string{all[n].Key})
		require.NoError(t, err)
		return got[0]
	}
	require.Equal(t, half[1], stored(2))
	require.Equal(t, all[3].Value, stored(3).Value)
	for _, n := range []int{2, 4} { // of either kind of key: cr:, cr:
		over := []resolve.Cell{{Key: all[n].Key, Version: 10, Value: []byte("joined")}}
		written, err := cells.PutOver(t.Context(), over, []uint64{8})
		require.NoError(t, err)
		require.Equal(t, []bool{false}, written, "another stands than was read")
		written, err = cells.PutOver(t.Context(), over, []uint64{9})
		require.NoError(t, err)
		require.Equal(t, []bool{true}, written)
		require.Equal(t, over[0], stored(n))
	}
}

// membersDrawn draws leaves of several controllers under some sets, of few to very many.
func membersDrawn(rng *rand.Rand) (out []resolve.Member) {
	for n := range 400 {
		for range 1 + rng.IntN(1+n%50) {
			out = append(out, resolve.Member{
				Set: fmt.Sprintf("li:s:%d", n), Member: resolve.LeafMember(fmt.Sprint("shop-", rng.IntN(3)), fmt.Appendf(nil, "leaf-%011d", rng.IntN(60))),
			})
		}
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// Leaves that are listed by many at once are those that are listed one by one.
func TestFillingLeafIndexes(t *testing.T) {
	c := open(t)
	members := membersDrawn(rand.New(rand.NewPCG(8, 8)))
	want := map[string][]string{}
	for _, m := range members {
		want[m.Set] = append(want[m.Set], m.Member)
	}
	for set, all := range want {
		slices.Sort(all)
		want[set] = slices.Compact(all)
	}
	for _, portion := range []int{len(members), 700, 5} {
		require.NoError(t, c.Wipe(t.Context()))
		cells := NewCells(c)
		for part := range slices.Chunk(members, portion) {
			require.NoError(t, cells.PutMembers(t.Context(), part))
		}
		for set, all := range want {
			got, err := cells.Members(t.Context(), []string{set})
			require.NoError(t, err)
			require.Equal(t, all, got[0], set)
		}
		require.Error(t, cells.PutMembers(t.Context(), []resolve.Member{{Set: "li:s:1", Member: "none"}}))
	}
}

func TestFillingACluster(t *testing.T) {
	c := empty(t, testkit.RedisCluster(t))
	require.True(t, c.watch.slots.Load())
	newest := map[string]resolve.Cell{}
	var all []resolve.Cell
	for n := range 2000 {
		x := drawn([]string{"r", "k", "l"}[n%3], n, 3)
		newest[x.Key], all = x, append(all, x)
	}
	cells := NewCells(c)
	require.NoError(t, cells.PutCells(t.Context(), all))
	filled(t, c, newest)
	require.NoError(t, cells.PutMembers(t.Context(), membersDrawn(rand.New(rand.NewPCG(9, 9)))))
}

// A call takes few enough arguments, also with the longest values, and those of a bucket stay together as far as they can.
func TestFillCallsAreBounded(t *testing.T) {
	var values []filling
	for n := range 3000 {
		x, _ := spotOf(fmt.Sprint("r:s:", n))
		values = append(values, filling{spot: x, value: make([]byte, (n%100/99)*maxFillSize+n%200), place: n})
	}
	slices.SortFunc(values, func(a, b filling) int { return bytes.Compare([]byte(a.spot.number[:2]), []byte(b.spot.number[:2])) })
	seen := 0
	for _, call := range fillCalls(values, 0, overOlder, false) {
		require.LessOrEqual(t, len(call.values), maxFillValues)
		require.LessOrEqual(t, len(call.args), maxFillArgs+2*maxFillValues+2)
		for _, v := range call.values {
			require.Equal(t, values[seen].place, v.place)
			seen++
		}
	}
	require.Equal(t, len(values), seen)
	for _, call := range fillCalls(values, 0, overOlder, true) {
		require.Len(t, call.buckets, 1, "keys that lie in slots")
	}
}
