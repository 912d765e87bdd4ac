package stateredis

import (
	"context"
	_ "embed" // the functions
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"rcu/pkg/resolve"
)

//go:embed cells.lua
var cellFunctions string

const (
	putFunction   = "rcu_cell_put_v1"
	countFunction = "rcu_count_v1"
	versionSize   = 8
	// maxPipeline bounds the commands of one round trip.
	maxPipeline = 512
)

// ErrCorrupt says that a value in Redis is not what this package wrote.
var ErrCorrupt = errors.New("value in redis is corrupt")

// Cells is resolve.Cells on Redis. Safe for concurrent use.
type Cells struct {
	c      *Client
	levels levels // of small values
	full   fullBuckets
}

var _ resolve.Cells = (*Cells)(nil)

// NewCells returns the cells of a client.
func NewCells(c *Client) *Cells { return &Cells{c: c} }

// LoadCells implements resolve.Cells.
func (s *Cells) LoadCells(ctx context.Context, keys []string) ([]resolve.Cell, error) {
	out := make([]resolve.Cell, len(keys))
	alone, small := bySize(keys)
	cells, err := s.loadAlone(ctx, alone.keys)
	if err == nil {
		alone.put(out, cells)
		cells, err = s.loadSmall(ctx, small.keys, small.spots)
	}
	if err != nil {
		return nil, fmt.Errorf("loading %d cells: %w", len(keys), err)
	}
	small.put(out, cells)
	return out, nil
}

// sorted are keys of one size, with their places among all.
type sorted struct {
	keys   []string
	spots  []spot // of small ones
	places []int
}

// bySize tells keys that stand alone from those of small values.
func bySize(keys []string) (alone, small sorted) {
	n := 0
	for _, k := range keys {
		if isSmall(k) {
			n++
		}
	}
	alone.grow(len(keys) - n)
	small.grow(n)
	small.spots = make([]spot, 0, n)
	for i, k := range keys {
		if x, ok := spotOf(k); ok {
			small.keys, small.spots, small.places = append(small.keys, k), append(small.spots, x), append(small.places, i)
		} else {
			alone.keys, alone.places = append(alone.keys, k), append(alone.places, i)
		}
	}
	return alone, small
}

func (k *sorted) grow(n int) {
	if n > 0 {
		k.keys, k.places = make([]string, 0, n), make([]int, 0, n)
	}
}

func (k sorted) put(out, some []resolve.Cell) {
	for n, i := range k.places {
		out[i] = some[n]
	}
}

func (k sorted) of(cells []resolve.Cell) []resolve.Cell {
	out := make([]resolve.Cell, len(k.places))
	for n, i := range k.places {
		out[n] = cells[i]
	}
	return out
}

func (s *Cells) loadAlone(ctx context.Context, keys []string) ([]resolve.Cell, error) {
	values, err := s.get(ctx, keys)
	if err != nil {
		return nil, err
	}
	out := make([]resolve.Cell, len(keys))
	for i, v := range values {
		out[i].Key = keys[i]
		switch {
		case v == nil:
		case len(v) < versionSize:
			return nil, fmt.Errorf("loading cell of %d bytes: %w", len(v), ErrCorrupt)
		default:
			out[i].Version = binary.BigEndian.Uint64(v)
			if len(v) > versionSize {
				out[i].Value = v[versionSize:]
			}
		}
	}
	return out, nil
}

// Versions implements resolve.Cells.
func (s *Cells) Versions(ctx context.Context, keys []string) ([]uint64, error) {
	out := make([]uint64, len(keys))
	alone, small := bySize(keys)
	heads, err := s.heads(ctx, alone.keys)
	if err != nil {
		return nil, fmt.Errorf("reading the versions of %d cells: %w", len(keys), err)
	}
	for n, i := range alone.places {
		out[i] = heads[n]
	}
	heads, err = s.smallHeads(ctx, small.spots)
	if err != nil {
		return nil, fmt.Errorf("reading the versions of %d cells: %w", len(keys), err)
	}
	for n, i := range small.places {
		out[i] = heads[n]
	}
	return out, nil
}

// smallHeads reads the versions of small cells: they stand in the first piece.
func (s *Cells) smallHeads(ctx context.Context, spots []spot) ([]uint64, error) {
	out := make([]uint64, 0, len(spots))
	for part := range slices.Chunk(spots, maxPipeline) {
		values, err := s.readFirst(ctx, part, func(spot) int { return 1 })
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			number := uint64(0)
			if v.there {
				if number, _, err = smallVersion(v.value); err != nil {
					return nil, err
				}
			}
			out = append(out, number)
		}
	}
	return out, nil
}

// heads reads the versions of cells that have keys of their own.
func (s *Cells) heads(ctx context.Context, keys []string) ([]uint64, error) {
	out := make([]uint64, 0, len(keys))
	for part := range slices.Chunk(keys, maxPipeline) {
		cmds := make([]*redis.StringCmd, len(part))
		err := s.pipeline(ctx, func(p redis.Pipeliner) {
			for i, k := range part {
				cmds[i] = p.GetRange(ctx, k, 0, versionSize-1)
			}
		})
		if err != nil {
			return nil, err
		}
		for _, cmd := range cmds {
			switch v := cmd.Val(); len(v) {
			case 0:
				out = append(out, 0)
			case versionSize:
				out = append(out, binary.BigEndian.Uint64([]byte(v)))
			default:
				return nil, ErrCorrupt
			}
		}
	}
	return out, nil
}

// CommitCells implements resolve.Cells.
func (s *Cells) CommitCells(ctx context.Context, cells []resolve.Cell) ([]bool, error) {
	keys := make([]string, len(cells))
	for i, c := range cells {
		keys[i] = c.Key
	}
	alone, small := bySize(keys)
	own, few := alone.of(cells), small.of(cells)
	written, err := s.commitAlone(ctx, own)
	if err != nil {
		return nil, fmt.Errorf("committing %d cells: %w", len(cells), err)
	}
	writtenSmall, err := s.commitSmall(ctx, few, small.spots)
	if err != nil {
		return nil, fmt.Errorf("committing %d cells: %w", len(cells), err)
	}
	out := make([]bool, len(cells))
	for n, i := range alone.places {
		out[i], cells[i].Version = written[n], own[n].Version
	}
	for n, i := range small.places {
		out[i], cells[i].Version = writtenSmall[n], few[n].Version
	}
	return out, nil
}

// commitAlone writes cells that have keys of their own, and gives those that were written their new versions. A cell that was absent is
// set if it still is, which needs no function: most commits of a day are of new leaves.
func (s *Cells) commitAlone(ctx context.Context, cells []resolve.Cell) ([]bool, error) {
	out := make([]bool, 0, len(cells))
	for part := range slices.Chunk(cells, maxPipeline) {
		cmds, next := make([]redis.Cmder, len(part)), make([]uint64, len(part))
		err := s.pipeline(ctx, func(p redis.Pipeliner) {
			for i, c := range part {
				if next[i] = s.c.after(c.Version); c.Version == 0 {
					cmds[i] = p.SetNX(ctx, c.Key, append(version(next[i]), c.Value...), 0)
				} else {
					cmds[i] = p.FCall(ctx, putFunction, []string{c.Key}, version(c.Version), version(next[i]), c.Value)
				}
			}
		})
		if err != nil {
			return nil, err
		}
		for i, cmd := range cmds {
			written, err := accepted(cmd)
			if err != nil {
				return nil, fmt.Errorf("reading answer of a commit: %w", err)
			}
			if out = append(out, written); written {
				part[i].Version = next[i]
			}
		}
	}
	return out, nil
}

// accepted reads the answer to a commit.
func accepted(cmd redis.Cmder) (bool, error) {
	switch cmd := cmd.(type) {
	case *redis.BoolCmd:
		return cmd.Result()
	case *redis.Cmd:
		n, err := cmd.Int64()
		return n == 1, err
	default:
		return false, ErrCorrupt
	}
}

func version(v uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 0, versionSize), v) }

// SetPlain implements resolve.Cells.
func (s *Cells) SetPlain(ctx context.Context, values []resolve.Plain) error {
	for part := range slices.Chunk(values, maxPipeline) {
		err := s.pipeline(ctx, func(p redis.Pipeliner) {
			for _, v := range part {
				p.Set(ctx, v.Key, v.Value, 0)
			}
		})
		if err != nil {
			return fmt.Errorf("setting %d values: %w", len(values), err)
		}
	}
	return nil
}

// GetPlain implements resolve.Cells.
func (s *Cells) GetPlain(ctx context.Context, keys []string) ([][]byte, error) {
	values, err := s.get(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("getting %d values: %w", len(keys), err)
	}
	return values, nil
}

// Count implements resolve.Cells.
func (s *Cells) Count(ctx context.Context, key string, n int64) (int64, error) {
	v, err := s.c.rdb.FCall(ctx, countFunction, []string{key}, n).Int64()
	if isFunctionMissing(err) {
		err = errors.Join(err, s.c.loadFunctions(ctx))
	}
	if err != nil {
		return 0, fmt.Errorf("counting: %w", withoutKey(err))
	}
	return v, nil
}

// get reads strings one command each, so that a cluster splits them by node; absent ones are nil.
func (s *Cells) get(ctx context.Context, keys []string) ([][]byte, error) {
	out := make([][]byte, 0, len(keys))
	for part := range slices.Chunk(keys, maxPipeline) {
		cmds := make([]*redis.StringCmd, len(part))
		err := s.pipeline(ctx, func(p redis.Pipeliner) {
			for i, k := range part {
				cmds[i] = p.Get(ctx, k)
			}
		})
		if err != nil {
			return nil, err
		}
		for _, cmd := range cmds {
			v, err := cmd.Bytes()
			switch {
			case errors.Is(err, redis.Nil):
				v = nil
			case err != nil:
				return nil, err
			}
			out = append(out, v)
		}
	}
	return out, nil
}

// pipeline sends commands in one round trip. The first error of any command is the error of all; absence is none. A server that lost its
// functions gets them again, for the next attempt.
func (s *Cells) pipeline(ctx context.Context, fill func(redis.Pipeliner)) error {
	p := s.c.rdb.Pipeline()
	fill(p)
	cmds, err := p.Exec(ctx)
	if err == nil || errors.Is(err, redis.Nil) {
		err = firstError(cmds)
	}
	if isFunctionMissing(err) {
		return errors.Join(err, s.c.loadFunctions(ctx))
	}
	if err != nil {
		return withoutKey(err)
	}
	return nil
}

func firstError(cmds []redis.Cmder) error {
	for _, c := range cmds {
		if err := c.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
	}
	return nil
}

// withoutKey keeps server errors short: some repeat their arguments.
func withoutKey(err error) error {
	if i := strings.Index(err.Error(), ", with args beginning with"); i >= 0 {
		return fmt.Errorf("%s", err.Error()[:i]) //nolint:err113 // the text of the server, cut
	}
	return err
}
