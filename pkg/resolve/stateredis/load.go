package stateredis

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/resolve"
)

// PutCells stores cells as their changelogs hold them: each under its own version, none over a newer one. It is for an empty store that
// is filled again; absent is what it expects to find.
func (s *Cells) PutCells(ctx context.Context, cells []resolve.Cell) error {
	newest := newestOf(cells)
	values, others := fillings(newest)
	if _, err := s.fillSmall(ctx, values, overOlder); err != nil {
		return fmt.Errorf("putting %d cells: %w", len(cells), err)
	}
	some := make([]resolve.Cell, len(others))
	for n, i := range others {
		some[n] = newest[i]
	}
	return s.putSome(ctx, some)
}

// PutAbsent stores cells under their own versions where none stands, and returns the places of the others. Each key comes once.
func (s *Cells) PutAbsent(ctx context.Context, cells []resolve.Cell) (standing []int, err error) {
	values, others := fillings(cells)
	if standing, err = s.fillSmall(ctx, values, overNothing); err != nil {
		return nil, fmt.Errorf("putting %d cells: %w", len(cells), err)
	}
	some := make([]resolve.Cell, len(others))
	for n, i := range others {
		some[n] = cells[i]
	}
	written, err := s.PutOver(ctx, some, make([]uint64, len(some)))
	if err != nil {
		return nil, err
	}
	for n, ok := range written {
		if !ok {
			standing = append(standing, others[n])
		}
	}
	return standing, nil
}

// PutOver stores each cell under its own version where the version held still stands (0: none does), and says of each whether it did.
func (s *Cells) PutOver(ctx context.Context, cells []resolve.Cell, held []uint64) ([]bool, error) {
	written, err := s.putAt(ctx, cells, held)
	if err != nil {
		return nil, fmt.Errorf("putting %d cells: %w", len(cells), err)
	}
	return written, nil
}

// fillings are the small values among cells, and the places of all others: of those that stand alone, and of the very long.
func fillings(cells []resolve.Cell) (values []filling, others []int) {
	values = make([]filling, 0, len(cells))
	for i, c := range cells {
		x, small := spotOf(c.Key)
		if !small || len(c.Value) > maxFillSize {
			others = append(others, i)
			continue
		}
		value := append(binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+len(c.Value)), c.Version), c.Value...)
		values = append(values, filling{spot: x, value: value, place: i})
	}
	return values, others
}

// putSome stores cells one by one.
func (s *Cells) putSome(ctx context.Context, cells []resolve.Cell) error {
	todo, held := cells, make([]uint64, len(cells))
	for attempt := 0; len(todo) > 0; attempt++ {
		if attempt == maxLoads {
			return fmt.Errorf("putting %d cells: %w", len(cells), resolve.ErrContended)
		}
		written, err := s.PutOver(ctx, todo, held[:len(todo)])
		if err != nil {
			return err
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
