package stateredis

import (
	"cmp"
	"context"
	_ "embed" // the function
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

//go:embed fill.lua
var fillFunctions string

const (
	fillFunction = "rcu_fill_v1"

	// maxFillArgs and maxFillValues bound one call: it must not hold up ingestors, and a function takes some thousand arguments at once.
	maxFillArgs, maxFillValues = 2048, 512
	// maxFillCalls is how many calls go in one round trip.
	maxFillCalls = 16
	// maxFillSize is the longest value that is put with others.
	maxFillSize = maxFillArgs / 2 * pieceSize / 2
)

// filling is a small value on its way into a store that is filled.
type filling struct {
	spot  spot
	value []byte
	place int // among those that are put at once
}

// pieces is how many fields the value takes.
func (f *filling) pieces() int { return len(f.value)/pieceSize + 1 }

// over says over what a value is put.
type over string

const (
	overOlder   over = "1" // over a value with a lower version, or none
	overNothing over = "0" // where no value stands
)

// fillSmall puts small values, level by level, and returns the places of those that were not put because one stands; of overOlder there are
// none of these.
func (s *Cells) fillSmall(ctx context.Context, values []filling, o over) (standing []int, err error) {
	var todo [maxLevels + 1][]filling
	for _, f := range values {
		first := s.full.first(f.spot, s.levels.of(f.spot.kind))
		todo[first] = append(todo[first], f)
	}
	for level := range maxLevels {
		elsewhere, stands, err := s.fillLevel(ctx, todo[level], level, o)
		if err != nil {
			return nil, err
		}
		standing = append(standing, stands...)
		if len(elsewhere) == 0 {
			continue
		}
		for _, f := range elsewhere {
			if err := s.raise(ctx, f.spot.kind, min(level+2, maxLevels)); err != nil {
				return nil, err
			}
		}
		if err := s.learnFilled(ctx, elsewhere, level); err != nil {
			return nil, err
		}
		todo[level+1] = append(todo[level+1], elsewhere...)
	}
	return standing, nil
}

// fillLevel puts values into one level.
func (s *Cells) fillLevel(ctx context.Context, values []filling, level int, o over) (elsewhere []filling, standing []int, err error) {
	slices.SortFunc(values, func(a, b filling) int {
		return cmp.Or(cmp.Compare(a.spot.kind, b.spot.kind), cmp.Compare(a.spot.number[:2+level], b.spot.number[:2+level]))
	})
	for part := range slices.Chunk(fillCalls(values, level, o, s.c.watch.slots.Load()), maxFillCalls) {
		cmds := make([]*redis.Cmd, len(part))
		err := s.pipeline(ctx, func(p redis.Pipeliner) {
			for i, c := range part {
				cmds[i] = p.FCall(ctx, fillFunction, c.buckets, c.args...)
			}
		})
		if err != nil {
			return nil, nil, err
		}
		for i, c := range part {
			left, err := cmds[i].Int64Slice()
			if err != nil {
				return nil, nil, fmt.Errorf("reading answer of a fill: %w", err)
			}
			for _, n := range left {
				switch {
				case n > 0 && int(n) <= len(c.values):
					elsewhere = append(elsewhere, c.values[n-1])
				case n < 0 && int(-n) <= len(c.values):
					standing = append(standing, c.values[-n-1].place)
				default:
					return nil, nil, fmt.Errorf("reading answer of a fill: %w", ErrCorrupt)
				}
			}
		}
	}
	return elsewhere, standing, nil
}

// fillCall is one call of the function.
type fillCall struct {
	values  []filling
	buckets []string
	args    []any
}

// fillCalls parts values, which are sorted by bucket, into calls. Where keys lie in slots a call is of one bucket.
func fillCalls(values []filling, level int, o over, slots bool) (calls []fillCall) {
	room := bucketRoom
	if level == maxLevels-1 {
		room = math.MaxInt32
	}
	var c *fillCall
	for start := 0; start < len(values); {
		bucket := values[start].spot.bucket(level)
		end, pieces := start, 0
		for end < len(values) && values[end].spot.bucket(level) == bucket && end-start < maxFillValues && (end == start || 2*(pieces+values[end].pieces()) <= maxFillArgs) {
			pieces += values[end].pieces()
			end++
		}
		if c == nil || slots || len(c.args)+2*pieces > maxFillArgs || len(c.values)+end-start > maxFillValues {
			calls = append(calls, fillCall{values: values[start:start], args: make([]any, 0, maxFillArgs+fillHead)})
			c = &calls[len(calls)-1]
			c.args = append(c.args, room, string(o))
		}
		c.values, c.buckets = c.values[:len(c.values)+end-start], append(c.buckets, bucket)
		c.args = appendBucket(append(c.args, end-start, pieces-(end-start)), values[start:end])
		start = end
	}
	return calls
}

// fillHead is room for the arguments of a call that are no pieces.
const fillHead = 256

// appendBucket appends the names and first pieces of values of a bucket, and then their further ones. A piece that is not full is the last, so a
// value may end in an empty one.
func appendBucket(args []any, values []filling) []any {
	for i := range values {
		f := &values[i]
		args = append(args, f.spot.field, f.value[:min(len(f.value), pieceSize)])
	}
	for i := range values {
		f := &values[i]
		for n := 1; n < f.pieces(); n++ {
			args = append(args, furtherPiece(f.spot.field, n), f.value[n*pieceSize:min(len(f.value), (n+1)*pieceSize)])
		}
	}
	return args
}

// learnFilled learns the names in the buckets of a level that had no room: they are full for good, and most values to come are not in them.
func (s *Cells) learnFilled(ctx context.Context, elsewhere []filling, level int) error {
	epoch := s.c.watch.epoch.Load()
	seen := map[string]bool{}
	var some []spot
	for _, f := range elsewhere {
		if key := f.spot.bucket(level); !seen[key] {
			seen[key] = true
			some = append(some, f.spot)
		}
	}
	for part := range slices.Chunk(some, maxPipeline) {
		lives, again := map[string]*redis.StringCmd{}, map[string]*redis.StringCmd{}
		names := make([]*redis.StringSliceCmd, len(part))
		err := s.pipeline(ctx, func(p redis.Pipeliner) {
			for _, x := range part {
				if lives[x.kind] == nil {
					lives[x.kind] = p.Get(ctx, lifeKey(x.kind))
				}
			}
			for i, x := range part {
				names[i] = p.HKeys(ctx, x.bucket(level))
			}
			for kind := range lives {
				again[kind] = p.Get(ctx, lifeKey(kind))
			}
		})
		if err != nil {
			return fmt.Errorf("reading the names in %d buckets: %w", len(part), err)
		}
		for i, x := range part {
			life := lives[x.kind].Val()
			if life == "" || life != again[x.kind].Val() || s.c.watch.epoch.Load() != epoch {
				continue
			}
			s.full.holds(x.kind, life, epoch)
			s.full.learn(x.kind, x.bucket(level), names[i].Val(), life, epoch, time.Now())
		}
	}
	return nil
}
