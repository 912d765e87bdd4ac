package stateredis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/resolve"
)

// OutboxEnds implements resolve.GraphState.
func (g *Graph) OutboxEnds(ctx context.Context, space string) (oldest, newest uint64, err error) {
	var first, last *redis.XMessageSliceCmd
	err = g.pipeline(ctx, func(p redis.Pipeliner) {
		first = p.XRangeN(ctx, graphKeys(space).out(), "-", "+", 1)
		last = p.XRevRangeN(ctx, graphKeys(space).out(), "+", "-", 1)
	})
	if err != nil {
		return 0, 0, fmt.Errorf("reading the ends of the outbox: %w", err)
	}
	for _, end := range [...]struct {
		messages []redis.XMessage
		version  *uint64
	}{{first.Val(), &oldest}, {last.Val(), &newest}} {
		for _, m := range end.messages {
			item, err := parseItem(m)
			if err != nil {
				return 0, 0, err
			}
			*end.version = item.Version
		}
	}
	return oldest, newest, nil
}

// TrimOutbox implements resolve.GraphState.
func (g *Graph) TrimOutbox(ctx context.Context, space, through string) error {
	next, err := afterID(through)
	if err != nil {
		return err
	}
	if err := g.c.rdb.XTrimMinID(ctx, graphKeys(space).out(), next).Err(); err != nil {
		return fmt.Errorf("trimming outbox: %w", err)
	}
	return nil
}

// afterID returns the least id of a stream that is greater than id.
func afterID(id string) (string, error) {
	ms, seq, found := strings.Cut(id, "-")
	n, err := strconv.ParseUint(seq, 10, 64)
	if !found || err != nil {
		return "", fmt.Errorf("reading outbox id: %w", ErrCorrupt)
	}
	return ms + "-" + strconv.FormatUint(n+1, 10), nil
}

func parseItem(m redis.XMessage) (resolve.OutboxItem, error) {
	field := func(name string) string { s, _ := m.Values[name].(string); return s }
	version, err := parseVersion(field("v"))
	if err != nil {
		return resolve.OutboxItem{}, err
	}
	written, errWritten := parseComponents(field("w"))
	gone, errGone := parseComponents(field("g"))
	return resolve.OutboxItem{ID: m.ID, Version: version, Value: []byte(field("d")), Written: written, Gone: gone}, errors.Join(errWritten, errGone)
}

func parseComponents(s string) (out []resolve.ComponentKey, err error) {
	const size = len(resolve.ComponentKey{})
	if len(s)%size != 0 {
		return nil, fmt.Errorf("reading %d bytes of component keys: %w", len(s), ErrCorrupt)
	}
	for ; s != ""; s = s[size:] {
		out = append(out, resolve.ComponentKey([]byte(s[:size])))
	}
	return out, nil
}

// ScanComponents implements resolve.GraphState. It walks over the keys of the server that holds the space: what is there
// from the first step to the last is seen.
func (g *Graph) ScanComponents(ctx context.Context, space, cursor string, limit int) ([]resolve.ComponentKey, string, error) {
	at, err := parseVersion(cursor)
	if err != nil {
		return nil, "", err
	}
	s := graphKeys(space)
	var node redis.Cmdable = g.c.rdb
	if cluster, ok := g.c.rdb.(*redis.ClusterClient); ok {
		if node, err = cluster.MasterForKey(ctx, s.meta()); err != nil {
			return nil, "", fmt.Errorf("finding the node of a space: %w", err)
		}
	}
	names, next, err := node.Scan(ctx, at, s.anyRecord(), int64(limit)).Result()
	if err != nil {
		return nil, "", fmt.Errorf("scanning components: %w", err)
	}
	var out []resolve.ComponentKey
	for _, name := range names {
		if text, ok := s.componentOf(name); ok {
			c, err := parseComponent(text)
			if err != nil {
				return nil, "", err
			}
			out = append(out, c)
		}
	}
	if next == 0 {
		return out, "", nil
	}
	return out, strconv.FormatUint(next, 10), nil
}

func cutPrefix(key, prefix string) (string, bool) { return strings.CutPrefix(key, prefix) }

// globEscape makes a text match itself in a pattern.
func globEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(s)
}
