package stateredis

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/resolve"
)

// PutCells stores cells as their changelogs hold them: each under its own version, none over a newer one. It is for an empty store that
// is filled again; absent is what it expects to find.
func (s *Cells) PutCells(ctx context.Context, cells []resolve.Cell) error {
	todo, held := newestOf(cells), make([]uint64, len(cells))
	for attempt := 0; len(todo) > 0; attempt++ {
		if attempt == maxLoads {
			return fmt.Errorf("putting %d cells: %w", len(cells), resolve.ErrContended)
		}
		written, err := s.putAt(ctx, todo, held[:len(todo)])
		if err != nil {
			return fmt.Errorf("putting %d cells: %w", len(cells), err)
		}
		var left []resolve.Cell
		var keys []string
		for i, ok := range written {
			if !ok {
				left, keys = append(left, todo[i]), append(keys, todo[i].Key)
			}
		}
		standing, err := s.LoadCells(ctx, keys)
		if err != nil {
			return err
		}
		todo = todo[:0]
		for i, c := range left {
			if standing[i].Version < c.Version {
				held[len(todo)] = standing[i].Version
				todo = append(todo, c)
			}
		}
	}
	return nil
}

// newestOf lists the newest cell of each key.
func newestOf(cells []resolve.Cell) []resolve.Cell {
	place := make(map[string]int, len(cells))
	out := make([]resolve.Cell, 0, len(cells))
	for _, c := range cells {
		i, known := place[c.Key]
		switch {
		case !known:
			place[c.Key] = len(out)
			out = append(out, c)
		case out[i].Version < c.Version:
			out[i] = c
		}
	}
	return out
}

// putAt writes cells under their own versions where the versions held are stored; 0 = absent.
func (s *Cells) putAt(ctx context.Context, cells []resolve.Cell, held []uint64) ([]bool, error) {
	keys := make([]string, len(cells))
	for i, c := range cells {
		keys[i] = c.Key
	}
	alone, small := bySize(keys)
	out := make([]bool, len(cells))
	calls := make([]bucketCall, len(small.places))
	for n, i := range small.places {
		var expected []byte
		if held[i] > 0 {
			expected = binary.AppendUvarint(nil, held[i])
		}
		calls[n] = bucketCall{spot: small.spots[n], function: bucketPut, args: []any{expected, append(binary.AppendUvarint(nil, cells[i].Version), cells[i].Value...)}}
	}
	answers, err := s.climb(ctx, calls)
	if err != nil {
		return nil, err
	}
	for n, i := range small.places {
		out[i] = answers[n] == bucketWritten
	}
	for part := range slices.Chunk(alone.places, maxPipeline) {
		cmds := make([]redis.Cmder, len(part))
		err := s.pipeline(ctx, func(p redis.Pipeliner) {
			for n, i := range part {
				if c := cells[i]; held[i] == 0 {
					cmds[n] = p.SetNX(ctx, c.Key, append(version(c.Version), c.Value...), 0)
				} else {
					cmds[n] = p.FCall(ctx, putFunction, []string{c.Key}, version(held[i]), version(c.Version), c.Value)
				}
			}
		})
		if err != nil {
			return nil, err
		}
		for n, i := range part {
			if out[i], err = accepted(cmds[n]); err != nil {
				return nil, fmt.Errorf("reading answer of a put: %w", err)
			}
		}
	}
	return out, nil
}

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
			for i, r := range part {
				if len(r.Value) == 0 {
					p.Del(ctx, s.record(r.Component))
					p.ZRem(ctx, s.due(), r.Component[:])
					putReview(ctx, p, s, resolve.RecordSummary{Component: r.Component})
				} else {
					set[i] = p.SetNX(ctx, s.record(r.Component), r.Value, 0)
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

// PutPointers implements resolve.GraphLoader.
func (g *Graph) PutPointers(ctx context.Context, space string, records []resolve.RecordSummary) (stale []resolve.ComponentKey, err error) {
	s := graphKeys(space)
	var names []string
	for _, r := range records {
		for _, k := range r.Members {
			names = append(names, s.pointer(k))
		}
	}
	_, held, err := g.read(ctx, "", names, maxGraphKeys)
	if err != nil {
		return nil, fmt.Errorf("reading %d pointers: %w", len(names), err)
	}
	leads, versions, err := g.standing(ctx, s, records, names, held)
	if err != nil {
		return nil, err
	}
	n := 0
	err = g.pipeline(ctx, func(p redis.Pipeliner) {
		for _, r := range records {
			putDue(ctx, p, s, r)
			putReview(ctx, p, s, r)
			for range r.Members {
				name := names[n]
				n++
				other, known := leads[name]
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
				leads[name] = r.Component
				p.Set(ctx, name, pointerValue(r.Component), 0)
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("setting %d pointers: %w", len(names), err)
	}
	return stale, nil
}

// putDue notes when the record wants to be looked at again, if ever.
func putDue(ctx context.Context, p redis.Pipeliner, s graphKeys, r resolve.RecordSummary) {
	if r.Boundary == 0 {
		p.ZRem(ctx, s.due(), r.Component[:])
		return
	}
	p.ZAdd(ctx, s.due(), redis.Z{Score: float64(r.Boundary), Member: r.Component[:]})
}

// standing says where pointers lead, and the versions of the records there.
func (g *Graph) standing(ctx context.Context, s graphKeys, records []resolve.RecordSummary, names []string, held []any) (leads map[string]resolve.ComponentKey, versions map[resolve.ComponentKey]uint64, err error) {
	leads = make(map[string]resolve.ComponentKey, len(names))
	own := make(map[resolve.ComponentKey]uint64, len(records))
	for _, r := range records {
		own[r.Component] = r.Version
	}
	var others []resolve.ComponentKey
	for i, v := range held {
		text, there := v.(string)
		if !there {
			continue
		}
		c, err := parsePointer(text)
		if err != nil {
			return nil, nil, err
		}
		leads[names[i]] = c
		if _, known := own[c]; !known {
			others = append(others, c)
		}
	}
	if versions, err = g.versionsOf(ctx, s, others); err != nil {
		return nil, nil, fmt.Errorf("reading versions of records: %w", err)
	}
	maps.Copy(versions, own)
	return leads, versions, nil
}
