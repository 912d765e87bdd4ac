package stateredis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/identity"
	"rcu/pkg/resolve"
)

var _ resolve.GraphLoader = (*Graph)(nil)

// PutGraphMeta implements resolve.GraphLoader.
func (g *Graph) PutGraphMeta(ctx context.Context, space string, meta resolve.GraphMeta) error {
	key := graphKeys(space).meta()
	held, err := g.c.rdb.HGet(ctx, key, "version").Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("reading the version of a space: %w", err)
	}
	version, err := parseVersion(held)
	if err != nil {
		return err
	}
	values := []any{"version", strconv.FormatUint(max(version, meta.Version), 10)}
	if meta.Rules > 0 {
		values = append(values, "rules", strconv.FormatUint(meta.Rules, 10), "content", meta.Content)
	}
	if err := g.c.rdb.HSet(ctx, key, values...).Err(); err != nil {
		return fmt.Errorf("setting the version and rules of a space: %w", err)
	}
	return nil
}

// PutRecords implements resolve.GraphLoader.
func (g *Graph) PutRecords(ctx context.Context, space string, records []resolve.StoredRecord) error {
	s := graphKeys(space)
	for part := range slices.Chunk(records, maxPipeline) {
		set := make([]*redis.BoolCmd, len(part))
		err := g.pipeline(ctx, func(p redis.Pipeliner) {
			var gone []any
			for i, r := range part {
				if len(r.Value) == 0 {
					p.Del(ctx, s.record(r.Component))
					gone = append(gone, r.Component[:])
				} else {
					set[i] = p.SetNX(ctx, s.record(r.Component), r.Value, 0)
				}
			}
			if len(gone) > 0 {
				for _, queue := range s.queues() {
					p.ZRem(ctx, queue, gone...)
				}
			}
		})
		if err != nil {
			return fmt.Errorf("putting %d records: %w", len(records), err)
		}
		var left []resolve.StoredRecord
		for i, cmd := range set {
			if cmd != nil && !cmd.Val() {
				left = append(left, part[i])
			}
		}
		if err := g.replaceOlder(ctx, s, left); err != nil {
			return fmt.Errorf("putting %d records: %w", len(records), err)
		}
	}
	return nil
}

// queues are the keys of what is listed of components: the due index and the review queues.
func (s graphKeys) queues() []string {
	out := []string{s.due()}
	for k := range identity.ReviewKinds {
		out = append(out, s.review(k))
	}
	return out
}

// replaceOlder writes records over older ones.
func (g *Graph) replaceOlder(ctx context.Context, s graphKeys, records []resolve.StoredRecord) error {
	if len(records) == 0 {
		return nil
	}
	keys := make([]resolve.ComponentKey, len(records))
	for i, r := range records {
		keys[i] = r.Component
	}
	versions, err := g.versionsOf(ctx, s, keys)
	if err != nil {
		return err
	}
	return g.pipeline(ctx, func(p redis.Pipeliner) {
		for _, r := range records {
			if v := resolve.RecordVersion(string(r.Value)); v > versions[r.Component] {
				versions[r.Component] = v
				p.Set(ctx, s.record(r.Component), r.Value, 0)
			}
		}
	})
}

// versionsOf reads the versions of records; those that are gone have none.
func (g *Graph) versionsOf(ctx context.Context, s graphKeys, keys []resolve.ComponentKey) (map[resolve.ComponentKey]uint64, error) {
	out := make(map[resolve.ComponentKey]uint64, len(keys))
	for part := range slices.Chunk(keys, maxPipeline) {
		cmds := make([]*redis.StringCmd, len(part))
		err := g.pipeline(ctx, func(p redis.Pipeliner) {
			for i, c := range part {
				cmds[i] = p.GetRange(ctx, s.record(c), 0, resolve.RecordHeader-1)
			}
		})
		if err != nil {
			return nil, err
		}
		for i, cmd := range cmds {
			if head := cmd.Val(); len(head) == resolve.RecordHeader {
				out[part[i]] = resolve.RecordVersion(head)
			}
		}
	}
	return out, nil
}

// ClearQueues implements resolve.GraphLoader.
func (g *Graph) ClearQueues(ctx context.Context, space string) error {
	if err := g.c.rdb.Unlink(ctx, graphKeys(space).queues()...).Err(); err != nil {
		return fmt.Errorf("emptying the due index and the review queues: %w", err)
	}
	return nil
}

// PutPointers implements resolve.GraphLoader.
func (g *Graph) PutPointers(ctx context.Context, space string, records []resolve.RecordSummary) (stale []resolve.ComponentKey, err error) {
	s := graphKeys(space)
	if err := g.putQueues(ctx, s, records); err != nil {
		return nil, fmt.Errorf("listing %d components: %w", len(records), err)
	}
	leads, stale := newestHolders(s, records)
	names := slices.Sorted(maps.Keys(leads))
	taken, err := g.setAbsent(ctx, names, leads)
	if err != nil {
		return nil, fmt.Errorf("setting %d pointers: %w", len(names), err)
	}
	more, err := g.leadNewest(ctx, s, taken, leads)
	if err != nil {
		return nil, fmt.Errorf("setting %d pointers: %w", len(names), err)
	}
	return append(stale, more...), nil
}

// putQueues lists records in the due index and the review queues, which were emptied before.
func (g *Graph) putQueues(ctx context.Context, s graphKeys, records []resolve.RecordSummary) error {
	var due []redis.Z
	var review [identity.ReviewKinds][]redis.Z
	for _, r := range records {
		if r.Boundary != 0 {
			due = append(due, redis.Z{Score: float64(r.Boundary), Member: r.Component[:]})
		}
		for k := range review {
			if weight := r.Review[k]; weight != 0 {
				review[k] = append(review[k], redis.Z{Score: float64(weight), Member: r.Component[:]}) //nolint:gosec // G602: k counts review
			}
		}
	}
	return g.pipeline(ctx, func(p redis.Pipeliner) {
		for part := range slices.Chunk(due, maxPipeline) {
			p.ZAdd(ctx, s.due(), part...)
		}
		for k, all := range review {
			queue := s.review(identity.ReviewKind(k))
			for part := range slices.Chunk(all, maxPipeline) {
				p.ZAdd(ctx, queue, part...)
				p.ZRemRangeByRank(ctx, queue, 0, -resolve.MaxReview-1)
			}
		}
	})
}

// newestHolders says which of some records is the newest that holds each identifier, by the pointer's key, and which are older ones.
func newestHolders(s graphKeys, records []resolve.RecordSummary) (leads map[string]*resolve.RecordSummary, stale []resolve.ComponentKey) {
	leads = make(map[string]*resolve.RecordSummary, 3*len(records))
	for i := range records {
		r := &records[i]
		for _, k := range r.Members {
			name := s.pointer(k)
			switch other := leads[name]; {
			case other == nil:
			case other.Version >= r.Version:
				stale = append(stale, r.Component)
				continue
			default:
				stale = append(stale, other.Component)
			}
			leads[name] = r
		}
	}
	return leads, stale
}

// setAbsent sets pointers, many at once, and returns those of which some were set before: all that were to be set with one of these.
func (g *Graph) setAbsent(ctx context.Context, names []string, leads map[string]*resolve.RecordSummary) (taken []string, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	parts := slices.Collect(slices.Chunk(names, maxGraphKeys))
	cmds := make([]*redis.BoolCmd, len(parts))
	err = g.pipeline(ctx, func(p redis.Pipeliner) {
		for i, part := range parts {
			values := make([]any, 0, 2*len(part))
			for _, name := range part {
				values = append(values, name, pointerValue(leads[name].Component))
			}
			cmds[i] = p.MSetNX(ctx, values...)
		}
	})
	if err != nil {
		return nil, err
	}
	for i, cmd := range cmds {
		if !cmd.Val() {
			taken = append(taken, parts[i]...)
		}
	}
	return taken, nil
}

// leadNewest lets pointers that may be set lead to the newer record of the one that they lead to and the one that is to be.
func (g *Graph) leadNewest(ctx context.Context, s graphKeys, names []string, leads map[string]*resolve.RecordSummary) (stale []resolve.ComponentKey, err error) {
	_, held, err := g.read(ctx, "", names, maxGraphKeys)
	if err != nil {
		return nil, err
	}
	others, versions, err := g.standing(ctx, s, names, held)
	if err != nil {
		return nil, err
	}
	err = g.pipeline(ctx, func(p redis.Pipeliner) {
		for _, name := range names {
			r := leads[name]
			other, known := others[name]
			v, stands := versions[other]
			switch {
			case known && other == r.Component:
				continue
			case known && stands && v >= r.Version:
				stale = append(stale, r.Component)
				continue
			case known && stands:
				stale = append(stale, other)
			}
			p.Set(ctx, name, pointerValue(r.Component), 0)
		}
	})
	return stale, err
}

// standing says where pointers lead, and the versions of the records there.
func (g *Graph) standing(ctx context.Context, s graphKeys, names []string, held []any) (leads map[string]resolve.ComponentKey, versions map[resolve.ComponentKey]uint64, err error) {
	leads = make(map[string]resolve.ComponentKey, len(names))
	var others []resolve.ComponentKey
	seen := map[resolve.ComponentKey]bool{}
	for i, v := range held {
		text, there := v.(string)
		if !there {
			continue
		}
		c, err := parsePointer(text)
		if err != nil {
			return nil, nil, err
		}
		if leads[names[i]] = c; !seen[c] {
			seen[c] = true
			others = append(others, c)
		}
	}
	versions, err = g.versionsOf(ctx, s, others)
	return leads, versions, err
}
