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
	lists, err := listings(members)
	if err != nil {
		return err
	}
	if err := s.addLists(ctx, lists); err != nil {
		return fmt.Errorf("adding %d members: %w", len(members), err)
	}
	return nil
}

// PutMembers is AddMembers for an empty store that is filled again: absent is what it expects to find.
func (s *Cells) PutMembers(ctx context.Context, members []resolve.Member) error {
	lists, err := listings(members)
	if err != nil {
		return err
	}
	var values []filling
	var left []listing
	for i, l := range lists {
		if packed, all := l.pack(); all {
			values = append(values, filling{spot: l.spot, value: packed, place: i})
		} else {
			left = append(left, l)
		}
	}
	standing, err := s.fillSmall(ctx, values, overNothing)
	for _, i := range standing {
		left = append(left, lists[i])
	}
	if err == nil {
		err = s.addLists(ctx, left)
	}
	if err != nil {
		return fmt.Errorf("putting %d members: %w", len(members), err)
	}
	return nil
}

// addLists adds to leaf indexes, one call of each.
func (s *Cells) addLists(ctx context.Context, lists []listing) error {
	calls := make([]bucketCall, len(lists))
	for i, l := range lists {
		calls[i] = bucketCall{spot: l.spot, function: bucketAdd, args: make([]any, 0, 2*len(l.leaves))}
		for n, leaf := range l.leaves {
			calls[i].args = append(calls[i].args, l.controllers[n], leaf)
		}
	}
	answers, err := s.climb(ctx, calls)
	if err != nil {
		return err
	}
	return s.beyondBuckets(ctx, lists, answers, func(p redis.Pipeliner, set, member string) { p.SAdd(ctx, set, member) })
}

// beyondBuckets does to a set of its own what a bucket had no room for, member by member.
func (s *Cells) beyondBuckets(ctx context.Context, lists []listing, answers []int64, do func(p redis.Pipeliner, set, member string)) error {
	for i, a := range answers {
		if a != bucketTooMany {
			continue
		}
		for part := range slices.Chunk(lists[i].members, maxPipeline) {
			if err := s.pipeline(ctx, func(p redis.Pipeliner) {
				for _, m := range part {
					do(p, lists[i].set, m)
				}
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// listing is what is added to one leaf index.
type listing struct {
	set         string
	spot        spot
	controllers []string
	leaves      [][]byte
	members     []string // as they were given
}

// maxPacked is the length of a leaf index beyond which it takes no more, as in buckets.lua.
const maxPacked = 512

// pack is the value of an index of these leaves alone, as in buckets.lua; false: they are too many.
func (l *listing) pack() (value []byte, all bool) {
	controller := ""
	for i, m := range l.members {
		if slices.Contains(l.members[:i], m) {
			continue
		}
		if len(value) > maxPacked {
			return nil, false
		}
		if l.controllers[i] == controller {
			value = append(value, 0)
		} else {
			controller = l.controllers[i]
			value = append(append(value, byte(len(controller))), controller...) //nolint:gosec // G115: at most 200
		}
		value = append(value, l.leaves[i]...)
	}
	return value, true
}

// listings sorts members by their sets.
func listings(members []resolve.Member) (lists []listing, err error) {
	place := map[string]int{}
	for _, m := range members {
		controller, leaf, err := resolve.ParseLeafMember(m.Member)
		if err != nil || controller == "" || len(controller) > maxController {
			return nil, fmt.Errorf("listing a leaf: %w", resolve.ErrMember)
		}
		i, known := place[m.Set]
		if !known {
			where, ok := spotOf(m.Set)
			if !ok {
				return nil, fmt.Errorf("listing a leaf: %w", resolve.ErrMember)
			}
			i = len(lists)
			place[m.Set] = i
			lists = append(lists, listing{set: m.Set, spot: where})
		}
		l := &lists[i]
		l.controllers, l.leaves, l.members = append(l.controllers, controller), append(l.leaves, leaf), append(l.members, m.Member)
	}
	return lists, nil
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
