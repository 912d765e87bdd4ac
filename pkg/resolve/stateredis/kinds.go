package stateredis

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Origin says how keys of a kind come back after Redis was lost.
type Origin string

// The origins.
const (
	FromChangelog Origin = "changelog" // as its changelog holds it
	Derived       Origin = "derived"   // from values of other kinds
	ByClock       Origin = "clock"     // a number that is never below the clock's
	Passing       Origin = "passing"   // it says nothing that outlives its process
)

// Kind is a kind of key. Kinds lists all of them: a key of no kind is a key that nothing would bring back.
type Kind struct {
	Name   string
	Origin Origin
	of     func(key string) bool
	sum    func(ctx context.Context, node redis.Cmdable, key string, s *Sum) error // nil: not compared
}

// Kinds lists the kinds of keys.
func Kinds() []Kind {
	return []Kind{
		{"leaf", FromChangelog, prefixed("l:"), sumString},
		{"reference register", FromChangelog, prefixed("r:"), sumBucket(false)},
		{"consent register", FromChangelog, prefixed("cr:"), sumBucket(false)},
		{"wishes", FromChangelog, prefixed("wi:"), sumString},
		{"act register", FromChangelog, prefixed("ar:"), sumString},
		{"subject key", FromChangelog, prefixed("k:"), sumBucket(true)},
		{"published owner", FromChangelog, prefixed("lo:"), sumBucket(true)},
		{"component", FromChangelog, graphKind(":c:"), sumString},
		{"pointer", Derived, graphKind(":p:"), sumString},
		{"due index", Derived, graphKind(":due"), sumScores},
		{"review queue", Derived, graphKind(":review:"), sumScores},
		{"leaf index", Derived, prefixed("li:"), sumIndex},
		{"match entry", Derived, prefixed("me:"), nil},
		{"match block", Derived, prefixed("mb:"), nil},
		{"match count", Derived, prefixed("mn:"), nil},
		{"match place", Derived, prefixed("mp:"), nil},
		{"suggestions", Derived, suggestionKind, nil},
		{"levels of buckets", Derived, prefixed("levels:"), nil},
		{"rules and numbers of a space", FromChangelog, graphKind(":meta"), sumRules},
		{"number of overrides", ByClock, prefixed("ov:"), nil},
		{"number of profiles", ByClock, prefixed("pv:"), nil},
		{"contacts", FromChangelog, prefixed("cc:"), nil},
		{"marker", Derived, func(k string) bool { return strings.HasPrefix(k, "{") && strings.Contains(k, "}:rcu:") }, nil},
		{"outbox", Passing, graphKind(":out"), nil},
		{"lease", Passing, prefixed("lease:"), nil},
		{"rebuild", Passing, prefixed(rebuildKey), nil},
	}
}

func prefixed(prefix string) func(string) bool {
	return func(k string) bool { return strings.HasPrefix(k, prefix) }
}

// graphKind tells keys of a space by what stands behind its name.
func graphKind(part string) func(string) bool {
	return func(k string) bool {
		if !strings.HasPrefix(k, "{") {
			return false
		}
		_, rest, ok := strings.Cut(k, "}")
		if strings.HasSuffix(part, ":") {
			return ok && strings.HasPrefix(rest, part)
		}
		return ok && rest == part
	}
}

// KindOf returns the name of a key's kind; empty for a key of none.
func KindOf(key string) string {
	for _, k := range Kinds() {
		if k.of(key) {
			return k.Name
		}
	}
	return ""
}

// Sum is an order-independent checksum over values of a kind. Versions that only guard concurrent writes are left out where the
// changelog does not carry them.
type Sum struct {
	Values int64
	a, b   uint64
}

// Text is the checksum as 32 hexadecimal digits.
func (s Sum) Text() string {
	return hex.EncodeToString(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, s.a), s.b))
}

func (s *Sum) add(parts ...string) {
	h := sha256.New()
	for _, p := range parts {
		_, _ = h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p)))) //nolint:gosec // G115: a value is small
		_, _ = h.Write([]byte(p))
	}
	d := h.Sum(nil)
	s.Values++
	s.a += binary.BigEndian.Uint64(d)
	s.b += binary.BigEndian.Uint64(d[8:])
}

// walkStep is how many keys one step of a walk asks for.
const walkStep = 1000

// walk calls f with the keys of every node, some at a time, and never twice at once. A key may come twice.
func (c *Client) walk(ctx context.Context, f func(ctx context.Context, node redis.Cmdable, keys []string) error) error {
	var one sync.Mutex
	over := func(ctx context.Context, node redis.Cmdable) error {
		for cursor := uint64(0); ; {
			keys, next, err := node.Scan(ctx, cursor, "*", walkStep).Result()
			if err == nil {
				one.Lock()
				err = f(ctx, node, keys)
				one.Unlock()
			}
			if err != nil {
				return err
			}
			if cursor = next; cursor == 0 {
				return nil
			}
		}
	}
	if cluster, ok := c.rdb.(*redis.ClusterClient); ok {
		return cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return over(ctx, node) })
	}
	return over(ctx, c.rdb)
}

// Survey is what lies in Redis, by kind. Keys of no kind are counted under the empty name.
type Survey map[string]Sum

// Survey sums all values by kind. Nothing may write meanwhile. progress, which may be nil, is told how many keys were read.
func (c *Client) Survey(ctx context.Context, progress func(keys int)) (Survey, error) {
	out := Survey{}
	kinds := Kinds()
	err := c.walk(ctx, func(ctx context.Context, node redis.Cmdable, keys []string) error {
		if progress != nil {
			progress(len(keys))
		}
		for _, key := range keys {
			i := slices.IndexFunc(kinds, func(k Kind) bool { return k.of(key) })
			if i < 0 {
				s := out[""]
				s.Values++
				out[""] = s
				continue
			}
			s := out[kinds[i].Name]
			if kinds[i].sum == nil {
				s.Values++
			} else if err := kinds[i].sum(ctx, node, key, &s); err != nil {
				return fmt.Errorf("reading a %s: %w", kinds[i].Name, withoutKey(err))
			}
			out[kinds[i].Name] = s
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("surveying redis: %w", err)
	}
	return out, nil
}

// Compared lists the kinds whose sums tell whether two surveys are of the same state.
func Compared() (names []string) {
	for _, k := range Kinds() {
		if k.sum != nil {
			names = append(names, k.Name)
		}
	}
	return names
}

func sumString(ctx context.Context, node redis.Cmdable, key string, s *Sum) error {
	v, err := node.Get(ctx, key).Result()
	if err != nil {
		return err
	}
	s.add(key, v)
	return nil
}

// eachOfBucket calls f with the values of a bucket under their names in it; a bucket may lie in any level.
func eachOfBucket(ctx context.Context, node redis.Cmdable, key string, f func(name, value string) error) error {
	fields, err := node.HGetAll(ctx, key).Result()
	if err != nil {
		return err
	}
	for name, value := range fields {
		if len(name) != fieldSize {
			continue // a further piece
		}
		for n := 1; len(value) == n*pieceSize; n++ {
			value += fields[furtherPiece(name, n)]
		}
		if err := f(name, value); err != nil {
			return err
		}
	}
	return nil
}

func sumBucket(withoutVersion bool) func(context.Context, redis.Cmdable, string, *Sum) error {
	return func(ctx context.Context, node redis.Cmdable, key string, s *Sum) error {
		return eachOfBucket(ctx, node, key, func(name, value string) error {
			if _, n := binary.Uvarint([]byte(value)); withoutVersion && n > 0 {
				value = value[n:]
			}
			s.add(name, value)
			return nil
		})
	}
}

func sumIndex(ctx context.Context, node redis.Cmdable, key string, s *Sum) error {
	kind, err := node.Type(ctx, key).Result()
	if err != nil {
		return err
	}
	if kind == "set" { // what a bucket had no room for
		members, err := node.SMembers(ctx, key).Result()
		x, _ := spotOf(key)
		for _, m := range members {
			s.add(x.field, m)
		}
		return err
	}
	return eachOfBucket(ctx, node, key, func(name, value string) error {
		members, _, err := unpackMembers(value)
		for _, m := range members {
			s.add(name, m)
		}
		return err
	})
}

func sumScores(ctx context.Context, node redis.Cmdable, key string, s *Sum) error {
	all, err := node.ZRangeWithScores(ctx, key, 0, -1).Result()
	for _, z := range all {
		s.add(key, fmt.Sprint(z.Member, z.Score))
	}
	return err
}

// sumRules sums the rules alone: numbers move on.
func sumRules(ctx context.Context, node redis.Cmdable, key string, s *Sum) error {
	values, err := node.HMGet(ctx, key, "rules", "content").Result()
	s.add(key, fmt.Sprint(values...))
	return err
}

// Emptiness of a Redis that is to be filled: what ingestors, the consent API, stewards and leases write meanwhile does not count.
func (c *Client) empty(ctx context.Context) error {
	return c.walk(ctx, func(_ context.Context, _ redis.Cmdable, keys []string) error {
		for _, k := range keys {
			switch KindOf(k) {
			case "", "consent register", "wishes", "act register", "contacts", "levels of buckets", "lease", "rebuild":
			default:
				return errNotEmpty
			}
		}
		return nil
	})
}

var errNotEmpty = errors.New("redis holds state")

// Empty reports whether Redis holds nothing that a rebuild would bring. What people and stewards decide does not count: it is written at any time,
// and joined.
func (c *Client) Empty(ctx context.Context) (bool, error) {
	err := c.empty(ctx)
	if errors.Is(err, errNotEmpty) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking whether redis is empty: %w", err)
	}
	return true, nil
}

// Wipe deletes every key of ours but the notes of a rebuild; keys of no kind stay.
func (c *Client) Wipe(ctx context.Context) error {
	err := c.walk(ctx, func(ctx context.Context, node redis.Cmdable, keys []string) error {
		p := node.Pipeline()
		for _, k := range keys {
			if KindOf(k) != "" && k != rebuildKey {
				p.Unlink(ctx, k)
			}
		}
		_, err := p.Exec(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("wiping redis: %w", err)
	}
	return nil
}

// rebuildKey holds how far a rebuild has come. It stands from its begin to its end.
const rebuildKey = "rebuild:redis"

// Rebuilding reads how far a rebuild has come that was not finished; empty when there is none.
func (c *Client) Rebuilding(ctx context.Context) (map[string]string, error) {
	m, err := c.rdb.HGetAll(ctx, rebuildKey).Result()
	if err != nil {
		return nil, fmt.Errorf("reading how far a rebuild has come: %w", err)
	}
	return m, nil
}

// NoteRebuilding notes how far a rebuild has come, by field.
func (c *Client) NoteRebuilding(ctx context.Context, notes map[string]string) error {
	if err := c.rdb.HSet(ctx, rebuildKey, notes).Err(); err != nil {
		return fmt.Errorf("noting how far a rebuild has come: %w", err)
	}
	return nil
}

// EndRebuilding says that a rebuild is finished.
func (c *Client) EndRebuilding(ctx context.Context) error {
	if err := c.rdb.Del(ctx, rebuildKey).Err(); err != nil {
		return fmt.Errorf("ending a rebuild: %w", err)
	}
	return nil
}
