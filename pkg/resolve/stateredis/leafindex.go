package stateredis

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/resolve"
)

// listedElsewhere ends a leaf index whose bucket holds no more: the rest is a set under the index' own key.
const listedElsewhere = 255

// maxController is the longest name of a controller in a leaf index.
const maxController = 200

// AddMembers implements resolve.Cells.
func (s *Cells) AddMembers(ctx context.Context, members []resolve.Member) error {
	calls, sets, err := listings(members)
	if err != nil {
		return err
	}
	answers, err := s.climb(ctx, calls)
	if err != nil {
		return fmt.Errorf("adding %d members: %w", len(members), err)
	}
	rest := map[string]bool{}
	for i, a := range answers {
		if a == bucketTooMany {
			rest[sets[i]] = true
		}
	}
	if len(rest) == 0 {
		return nil
	}
	for part := range slices.Chunk(members, maxPipeline) {
		err := s.pipeline(ctx, func(p redis.Pipeliner) {
			for _, m := range part {
				if rest[m.Set] {
					p.SAdd(ctx, m.Set, m.Member)
				}
			}
		})
		if err != nil {
			return fmt.Errorf("adding %d members: %w", len(members), err)
		}
	}
	return nil
}

// listings makes one call of each set, and names the sets.
func listings(members []resolve.Member) (calls []bucketCall, sets []string, err error) {
	place := map[string]int{}
	for _, m := range members {
		controller, leaf, err := resolve.ParseLeafMember(m.Member)
		if err != nil || controller == "" || len(controller) > maxController {
			return nil, nil, fmt.Errorf("listing a leaf: %w", resolve.ErrMember)
		}
		i, known := place[m.Set]
		if !known {
			where, ok := spotOf(m.Set)
			if !ok {
				return nil, nil, fmt.Errorf("listing a leaf: %w", resolve.ErrMember)
			}
			i = len(calls)
			place[m.Set] = i
			calls, sets = append(calls, bucketCall{spot: where, function: bucketAdd}), append(sets, m.Set)
		}
		calls[i].args = append(calls[i].args, controller, leaf)
	}
	return calls, sets, nil
}

// Members implements resolve.Cells.
func (s *Cells) Members(ctx context.Context, sets []string) ([][]string, error) {
	spots := make([]spot, len(sets))
	for i, k := range sets {
		var ok bool
		if spots[i], ok = spotOf(k); !ok {
			return nil, fmt.Errorf("reading a leaf index: %w", resolve.ErrMember)
		}
	}
	values, err := s.readSmall(ctx, spots)
	if err != nil {
		return nil, fmt.Errorf("reading %d sets: %w", len(sets), err)
	}
	out, more := make([][]string, len(sets)), []int(nil)
	for i, v := range values {
		members, elsewhere, err := unpackMembers(v.value)
		if err != nil {
			return nil, err
		}
		if out[i] = members; elsewhere {
			more = append(more, i)
		}
	}
	if err := s.readSets(ctx, sets, more, out); err != nil {
		return nil, fmt.Errorf("reading %d sets: %w", len(sets), err)
	}
	for i := range out {
		slices.Sort(out[i])
		out[i] = slices.Compact(out[i])
	}
	return out, nil
}

// maxListedAtOnce is how many members of a set one command is asked for: it must not hold the server up.
const maxListedAtOnce = 1000

// readSets adds what lies under the own keys of some sets. A member that was there before is read; one that is added meanwhile may be.
func (s *Cells) readSets(ctx context.Context, sets []string, some []int, out [][]string) error {
	for part := range slices.Chunk(some, maxPipeline) {
		cursors := make([]uint64, len(part))
		for len(part) > 0 {
			cmds := make([]*redis.ScanCmd, len(part))
			err := s.pipeline(ctx, func(p redis.Pipeliner) {
				for n, i := range part {
					cmds[n] = p.SScan(ctx, sets[i], cursors[n], "", maxListedAtOnce)
				}
			})
			if err != nil {
				return err
			}
			var left []int
			cursors = cursors[:0]
			for n, i := range part {
				members, next := cmds[n].Val()
				if out[i] = append(out[i], members...); next != 0 {
					left, cursors = append(left, i), append(cursors, next)
				}
			}
			part = left
		}
	}
	return nil
}

// unpackMembers reads the value of a leaf index: see buckets.lua.
func unpackMembers(v string) (members []string, elsewhere bool, err error) {
	controller := ""
	for len(v) > 0 {
		n := int(v[0])
		switch {
		case n == listedElsewhere && len(v) == 1:
			return members, true, nil
		case n > maxController || len(v) < 1+n+resolve.LeafKeySize || n == 0 && controller == "":
			return nil, false, fmt.Errorf("reading a leaf index: %w", ErrCorrupt)
		case n > 0:
			controller = v[1 : 1+n]
			if strings.IndexByte(controller, 0) >= 0 {
				return nil, false, fmt.Errorf("reading a leaf index: %w", ErrCorrupt)
			}
		}
		members = append(members, controller+"\x00"+strings.Clone(v[1+n:1+n+resolve.LeafKeySize]))
		v = v[1+n+resolve.LeafKeySize:]
	}
	return members, false, nil
}
