package stateredis

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/resolve"
)

const (
	dropFunction = "rcu_cell_drop_v1"
	bucketClear  = "rcu_bucket_clear_v1"
	bucketRemove = "rcu_bucket_remove_v1"
)

var _ resolve.Remover = (*Cells)(nil)

// RemoveCells implements resolve.Remover. Of a small value the name in its bucket stays, which is a digest, and a version.
func (s *Cells) RemoveCells(ctx context.Context, cells []resolve.Cell) ([]bool, error) {
	keys := make([]string, len(cells))
	for i, c := range cells {
		keys[i] = c.Key
	}
	alone, small := bySize(keys)
	out := make([]bool, len(cells))
	if err := s.removeAlone(ctx, alone.of(cells), alone.places, out); err != nil {
		return nil, fmt.Errorf("removing %d cells: %w", len(cells), err)
	}
	if err := s.removeSmall(ctx, small.of(cells), small, out); err != nil {
		return nil, fmt.Errorf("removing %d cells: %w", len(cells), err)
	}
	return out, nil
}

func (s *Cells) removeAlone(ctx context.Context, cells []resolve.Cell, places []int, out []bool) error {
	for from := 0; from < len(cells); from += maxPipeline {
		part := cells[from:min(from+maxPipeline, len(cells))]
		cmds := make([]*redis.Cmd, len(part))
		err := s.pipeline(ctx, func(p redis.Pipeliner) {
			for i, c := range part {
				cmds[i] = p.FCall(ctx, dropFunction, []string{c.Key}, version(c.Version))
			}
		})
		if err != nil {
			return err
		}
		for i, cmd := range cmds {
			n, err := cmd.Int64()
			if err != nil {
				return fmt.Errorf("reading answer of a removal: %w", err)
			}
			out[places[from+i]] = n == 1
		}
	}
	return nil
}

// removeSmall clears small cells. One that was never there is not looked for in further levels: that would make them.
func (s *Cells) removeSmall(ctx context.Context, cells []resolve.Cell, at sorted, out []bool) error {
	var calls []bucketCall
	var places []int
	for n, c := range cells {
		if c.Version == 0 {
			out[at.places[n]] = true
			continue
		}
		next := s.afterSmall(c.Version)
		calls = append(calls, bucketCall{spot: at.spots[n], function: bucketClear, args: []any{
			binary.AppendUvarint(nil, c.Version), binary.AppendUvarint(nil, next),
		}})
		places = append(places, at.places[n])
	}
	answers, err := s.climb(ctx, calls)
	for n, a := range answers {
		out[places[n]] = a == bucketWritten
	}
	return err
}

// RemoveMembers implements resolve.Remover.
func (s *Cells) RemoveMembers(ctx context.Context, members []resolve.Member) error {
	lists, err := listings(members)
	if err != nil {
		return err
	}
	spots := make([]spot, len(lists))
	for i, l := range lists {
		spots[i] = l.spot
	}
	values, err := s.readSmall(ctx, spots)
	if err != nil {
		return fmt.Errorf("removing %d members: %w", len(members), err)
	}
	var calls []bucketCall
	var standing []listing
	for i, l := range lists {
		if !values[i].there {
			continue
		}
		c := bucketCall{spot: l.spot, function: bucketRemove}
		for n, leaf := range l.leaves {
			c.args = append(c.args, l.controllers[n], leaf)
		}
		calls, standing = append(calls, c), append(standing, l)
	}
	answers, err := s.climb(ctx, calls)
	if err == nil {
		err = s.beyondBuckets(ctx, standing, answers, func(p redis.Pipeliner, set, member string) { p.SRem(ctx, set, member) })
	}
	if err != nil {
		return fmt.Errorf("removing %d members: %w", len(members), err)
	}
	return nil
}
