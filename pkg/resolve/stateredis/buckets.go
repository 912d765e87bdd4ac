package stateredis

import (
	"context"
	_ "embed" // the functions
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/redis/go-redis/v9"

	"rcu/pkg/resolve"
)

//go:embed buckets.lua
var bucketFunctions string

const (
	bucketGet   = "rcu_bucket_get_v1"
	bucketPut   = "rcu_bucket_put_v1"
	bucketAdd   = "rcu_bucket_add_v1"
	bucketRaise = "rcu_bucket_raise_v1"

	// pieceSize is how long a field of a bucket may be; a value of that length and more is in several.
	pieceSize = 64
	// maxLevels bounds the levels of a kind: 256 buckets, and 16 times as many from level to level.
	maxLevels = 5
	// bucketRoom is the number of fields of a bucket beyond which new values go to the next level.
	bucketRoom = 128
	// fieldSize is the length of a value's name in its bucket: with the number of the bucket, 88 bits and more of the digest of its key.
	fieldSize = 10
	// numberSize is how many bytes of the number of its bucket are kept: as many as the highest level uses.
	numberSize = 3
)

// Answers of the functions of buckets.
const (
	bucketConflict = iota
	bucketWritten
	bucketElsewhere // the value is not here and there is no room: look in the next level
	bucketTooMany   // the rest of a leaf index lies under a key of its own
)

// smallKinds are the kinds of cells that lie in buckets: most of their values are shorter than what Redis spends on a key.
var smallKinds = map[string]bool{"r": true, "cr": true, "k": true, "lo": true, "li": true}

// spot is where a small value lies: under field in a bucket of one of the levels of its kind.
type spot struct {
	kind   string
	number string // hexadecimal; a level uses two digits, three, four ...
	field  string
}

// spotOf finds the spot of a key; false when the key stands alone.
func spotOf(key string) (spot, bool) {
	kind, _, _ := strings.Cut(key, ":")
	if !smallKinds[kind] {
		return spot{}, false
	}
	first, second := xxhash.Sum64String(key), digestAgain(key)
	var digest [8]byte
	binary.BigEndian.PutUint64(digest[:], second)
	var text [2*numberSize + fieldSize]byte // both texts share their memory: spots are made for every small value that is read
	hex.Encode(text[:], digest[:numberSize])
	binary.BigEndian.PutUint64(text[2*numberSize:], first)
	copy(text[2*numberSize+8:], digest[6:])
	both := string(text[:])
	return spot{kind: kind, number: both[:2*numberSize], field: both[2*numberSize:]}, true
}

// isSmall reports whether the value of a key lies in a bucket.
func isSmall(key string) bool {
	kind, _, _ := strings.Cut(key, ":")
	return smallKinds[kind]
}

// digestAgain is a digest that knows nothing of the first.
func digestAgain(key string) uint64 {
	var d xxhash.Digest
	d.ResetWithSeed(0x5ca1ab1e)
	_, _ = d.WriteString(key)
	return d.Sum64()
}

// bucket is the key of a spot's bucket in a level.
func (s spot) bucket(level int) string { return s.kind + ":" + s.number[:2+level] }

// furtherPiece is the name of a value's n-th further piece in its bucket.
func furtherPiece(field string, n int) string {
	if n < 256 {
		return field + string([]byte{byte(n)}) //nolint:gosec // below 256
	}
	return field + string([]byte{byte(n >> 8), byte(n)}) //nolint:gosec // a value has far fewer pieces
}

// appendFields adds the names of the first n pieces of the value.
func (s spot) appendFields(names []string, n int) []string {
	names = append(names, s.field)
	for i := 1; i < n; i++ {
		names = append(names, furtherPiece(s.field, i))
	}
	return names
}

// levelsKey is the key of the number of levels of a kind.
func levelsKey(kind string) string { return "levels:" + kind }

// levels remembers how many levels each kind has; the number only grows.
type levels struct {
	mu sync.Mutex
	n  map[string]int
}

func (l *levels) of(kind string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return max(1, l.n[kind])
}

// learn remembers a number.
func (l *levels) learn(kind string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n <= max(1, l.n[kind]) {
		return
	}
	if l.n == nil {
		l.n = map[string]int{}
	}
	l.n[kind] = min(n, maxLevels)
}

// loadSmall reads the cells of spots.
func (s *Cells) loadSmall(ctx context.Context, keys []string, spots []spot) ([]resolve.Cell, error) {
	values, err := s.readSmall(ctx, spots)
	if err != nil {
		return nil, err
	}
	out := make([]resolve.Cell, len(spots))
	for i, v := range values {
		out[i].Key = keys[i]
		if !v.there {
			continue
		}
		number, rest, err := smallVersion(v.value)
		if err != nil {
			return nil, err
		}
		if out[i].Version = number; rest != "" {
			out[i].Value = []byte(rest)
		}
	}
	return out, nil
}

// smallVersion parts the version of a small cell from its value.
func smallVersion(v string) (number uint64, rest string, err error) {
	number, n := binary.Uvarint([]byte(v[:min(len(v), binary.MaxVarintLen64)]))
	if n <= 0 || number == 0 {
		return 0, "", fmt.Errorf("loading cell of %d bytes: %w", len(v), ErrCorrupt)
	}
	return number, v[n:], nil
}

// smallEpoch is the start of the clock of small versions.
var smallEpoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// afterSmall is the version after v: a number that is never given twice, also not by a server that lost its last writes, in tenths of
// a second, which is five bytes until 2128.
func (s *Cells) afterSmall(v uint64) uint64 {
	return max(v+1, uint64(time.Since(smallEpoch)/(100*time.Millisecond))) //nolint:gosec // G115: after the epoch
}

// commitSmall writes the cells of spots, level by level, and gives those that were written their new versions.
func (s *Cells) commitSmall(ctx context.Context, cells []resolve.Cell, spots []spot) ([]bool, error) {
	out, next := make([]bool, len(cells)), make([]uint64, len(cells))
	calls := make([]bucketCall, len(cells))
	for i, c := range cells {
		var expected []byte
		if c.Version > 0 {
			expected = binary.AppendUvarint(nil, c.Version)
		}
		next[i] = s.afterSmall(c.Version)
		calls[i] = bucketCall{spot: spots[i], function: bucketPut, args: []any{expected, append(binary.AppendUvarint(nil, next[i]), c.Value...)}}
	}
	answers, err := s.climb(ctx, calls)
	for i, a := range answers {
		if out[i] = a == bucketWritten; out[i] {
			cells[i].Version = next[i]
		}
	}
	return out, err
}

// bucketCall is a call of a function on the bucket of a spot.
type bucketCall struct {
	spot     spot
	function string
	args     []any
}

// climb makes each call in the first level where its value may lie, those that are answered elsewhere in the next, and so on. A level that
// is new is told first.
func (s *Cells) climb(ctx context.Context, calls []bucketCall) ([]int64, error) {
	answers := make([]int64, len(calls))
	var todo [maxLevels + 1][]int // by level
	for i, c := range calls {
		first := s.full.first(c.spot, s.levels.of(c.spot.kind))
		todo[first] = append(todo[first], i)
	}
	for level := range maxLevels {
		for part := range slices.Chunk(todo[level], maxPipeline) {
			if err := s.callLevel(ctx, calls, part, level, answers); err != nil {
				return nil, err
			}
			for _, i := range part {
				if answers[i] == bucketElsewhere {
					todo[level+1] = append(todo[level+1], i)
				}
			}
		}
		for _, i := range todo[level+1] {
			if err := s.raise(ctx, calls[i].spot.kind, min(level+2, maxLevels)); err != nil {
				return nil, err
			}
		}
	}
	return answers, nil
}

func (s *Cells) callLevel(ctx context.Context, calls []bucketCall, part []int, level int, answers []int64) error {
	cmds := make([]*redis.Cmd, len(part))
	room := bucketRoom
	if level == maxLevels-1 {
		room = math.MaxInt32
	}
	err := s.pipeline(ctx, func(p redis.Pipeliner) {
		for n, i := range part {
			c := &calls[i]
			cmds[n] = p.FCall(ctx, c.function, []string{c.spot.bucket(level)}, append([]any{c.spot.field, room}, c.args...)...)
		}
	})
	if err != nil {
		return err
	}
	for n, i := range part {
		if answers[i], err = cmds[n].Int64(); err != nil {
			return fmt.Errorf("reading answer of a bucket: %w", err)
		}
	}
	return nil
}

// raise tells everybody that a kind has so many levels.
func (s *Cells) raise(ctx context.Context, kind string, n int) error {
	if s.levels.of(kind) >= n {
		return nil
	}
	return s.tell(ctx, kind, n)
}

// tell raises the number of levels of a kind.
func (s *Cells) tell(ctx context.Context, kind string, n int) error {
	err := s.beginLife(ctx, kind)
	if err == nil {
		err = s.pipeline(ctx, func(p redis.Pipeliner) { p.FCall(ctx, bucketRaise, []string{levelsKey(kind)}, n) })
	}
	if err != nil {
		return fmt.Errorf("telling the levels of %s: %w", kind, err)
	}
	s.levels.learn(kind, n)
	return nil
}
