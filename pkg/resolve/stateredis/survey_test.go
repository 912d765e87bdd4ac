package stateredis

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/resolve"
)

// surveyed is what a survey tells by kind.
func surveyed(t *testing.T, c *Client) map[string]string {
	t.Helper()
	survey, err := c.Survey(t.Context(), nil)
	require.NoError(t, err)
	require.NotContains(t, survey, "")
	out := map[string]string{}
	for _, kind := range Compared() {
		out[kind] = fmt.Sprint(survey[kind].Values, " ", survey[kind].Text())
	}
	return out
}

// oneOfEachKind fills Redis with a few values of every kind that is compared, one of them longer than a piece of a bucket.
func oneOfEachKind(t *testing.T, c *Client) {
	t.Helper()
	ctx, cells, s := t.Context(), NewCells(c), graphKeys("maison")
	var put []resolve.Cell
	for _, kind := range []string{"l", "r", "cr", "wi", "ar", "k", "lo"} {
		for n, length := range []int{20, 150} {
			put = append(put, resolve.Cell{Key: fmt.Sprint(kind, ":maison:", n), Version: 300, Value: bytes.Repeat([]byte{byte('a' + n)}, length)})
		}
	}
	require.NoError(t, cells.PutCells(ctx, put))
	var members []resolve.Member
	for n := range 3 {
		members = append(members, resolve.Member{
			Set: resolve.LeafIndex("maison", identifier.Key{Value: "somebody"}), Member: resolve.LeafMember("shop", bytes.Repeat([]byte{byte(n)}, resolve.LeafKeySize)),
		})
	}
	require.NoError(t, cells.PutMembers(ctx, members))
	require.NoError(t, c.rdb.SAdd(ctx, "li:maison:many", "one", "two").Err())
	require.NoError(t, c.rdb.Set(ctx, s.record(resolve.ComponentKey{1}), "a component", 0).Err())
	require.NoError(t, c.rdb.Set(ctx, s.pointer(identifier.Key{Value: "somebody"}), "a component's name", 0).Err())
	require.NoError(t, c.rdb.ZAdd(ctx, s.due(), redis.Z{Score: 1_900_000_000, Member: "a component"}).Err())
	require.NoError(t, c.rdb.ZAdd(ctx, s.review(0), redis.Z{Score: 7, Member: "a component"}).Err())
	require.NoError(t, c.rdb.HSet(ctx, s.meta(), "rules", "3", "content", "the rules", "version", "812").Err())
}

// flip is a change of one byte, and how to take it back.
type flip struct {
	what     string
	do, undo func(context.Context) error
}

// other is a text with one byte changed.
func other(text string, at int) string {
	raw := []byte(text)
	raw[at] ^= 1
	return string(raw)
}

// places are the bytes of a text that are changed: its ends, and those at the border of pieces.
func places(text string) []int {
	all := []int{0, 1, len(text) / 2, pieceSize - 1, pieceSize, 2 * pieceSize, len(text) - 1}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(n int) bool { return n < 0 || n >= len(text) })
}

// flips lists changes of a key's value.
func flips(t *testing.T, c *Client, key string) (out []flip) {
	t.Helper()
	kind, err := c.rdb.Type(t.Context(), key).Result()
	require.NoError(t, err)
	add := func(what string, do, undo func(context.Context) error) { out = append(out, flip{what, do, undo}) }
	switch kind {
	case "string":
		value := c.rdb.Get(t.Context(), key).Val()
		for _, n := range places(value) {
			add(fmt.Sprint("byte ", n), func(ctx context.Context) error { return c.rdb.Set(ctx, key, other(value, n), 0).Err() },
				func(ctx context.Context) error { return c.rdb.Set(ctx, key, value, 0).Err() })
		}
	case "hash":
		for field, value := range c.rdb.HGetAll(t.Context(), key).Val() {
			first := 0
			switch KindOf(key) {
			case "subject key", "published owner": // their versions guard writes alone
				if len(field) == fieldSize {
					_, first = binary.Uvarint([]byte(value))
				}
			case "rules and numbers of a space":
				if field == "version" {
					continue // it moves on
				}
			}
			for _, n := range places(value[first:]) {
				add(fmt.Sprintf("byte %d of field %q", first+n, field), func(ctx context.Context) error { return c.rdb.HSet(ctx, key, field, other(value, first+n)).Err() },
					func(ctx context.Context) error { return c.rdb.HSet(ctx, key, field, value).Err() })
			}
			put := func(ctx context.Context) error { return c.rdb.HSet(ctx, key, field, value).Err() }
			add(fmt.Sprintf("field %q gone", field), func(ctx context.Context) error { return c.rdb.HDel(ctx, key, field).Err() }, put)
		}
	case "set":
		member := c.rdb.SMembers(t.Context(), key).Val()[0]
		add("a member", func(ctx context.Context) error {
			return c.rdb.SRem(ctx, key, member).Err()
		}, func(ctx context.Context) error { return c.rdb.SAdd(ctx, key, member).Err() })
	case "zset":
		z := c.rdb.ZRangeWithScores(t.Context(), key, 0, -1).Val()[0]
		put := func(ctx context.Context) error { return c.rdb.ZAdd(ctx, key, z).Err() }
		add("the score", func(ctx context.Context) error { return c.rdb.ZIncrBy(ctx, key, 1, fmt.Sprint(z.Member)).Err() }, put)
		add("the member", func(ctx context.Context) error { return c.rdb.ZRem(ctx, key, z.Member).Err() }, put)
	}
	return out
}

// A survey tells of any byte that is not as it was, by the kind of its key, and of no other kind. Nothing in it names a key.
func TestSurveyFindsAByteOfAnyKind(t *testing.T) {
	c := open(t)
	oneOfEachKind(t, c)
	was := surveyed(t, c)
	found := map[string]int{}
	keys, err := c.rdb.Keys(t.Context(), "*").Result()
	require.NoError(t, err)
	for _, key := range keys {
		kind := KindOf(key)
		if !slices.Contains(Compared(), kind) {
			continue
		}
		for _, f := range flips(t, c, key) {
			require.NoError(t, f.do(t.Context()))
			survey, err := c.Survey(t.Context(), nil)
			if err != nil { // the value cannot be read at all any more
				require.ErrorContains(t, err, kind, f.what)
				require.NotContains(t, err.Error(), "maison", "the error names no key")
			} else {
				for _, k := range Compared() {
					same := was[k] == fmt.Sprint(survey[k].Values, " ", survey[k].Text())
					require.Equal(t, k != kind, same, "%s of a %s: %s", f.what, kind, k)
				}
			}
			found[kind]++
			require.NoError(t, f.undo(t.Context()))
		}
	}
	require.Equal(t, was, surveyed(t, c))
	require.ElementsMatch(t, Compared(), slices.Collect(maps.Keys(found)), "every kind that is compared was tried")
	for kind, sum := range was {
		_, text, _ := strings.Cut(sum, " ")
		require.Regexp(t, "^[0-9a-f]{32}$", text, kind)
	}
}
