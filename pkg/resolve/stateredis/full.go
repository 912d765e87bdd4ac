package stateredis

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// maxFull bounds the full buckets that a process knows, about 600 bytes each.
	maxFull = 30_000
	// learnAtOnce is how many buckets one read looks at to learn whether they are full.
	learnAtOnce = 32
	// openFor is how long a bucket that was not full is left alone.
	openFor = time.Minute
)

// fullBuckets knows the names in buckets that are full. Such a bucket takes no new value and loses none, so whoever knows its names need
// not ask it for others: of a kind with several levels most reads ask one of them. What is known holds for one epoch of the server and
// one life of the kind: a store that was wiped and filled again has other values in its full buckets.
type fullBuckets struct {
	mu    sync.RWMutex
	epoch uint64
	lives map[string]string               // by kind
	names map[string]map[string][]uint32  // by kind and bucket: the starts of the names, sorted
	open  map[string]map[string]time.Time // buckets that were not full, and when
	count int
}

// lifeKey is the key of the life of a kind: any text that another life does not have.
func lifeKey(kind string) string { return levelsKey(kind) + ":life" }

// life is the life of a kind that what is known belongs to; empty where nothing is.
func (f *fullBuckets) life(kind string) string {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.lives[kind]
}

// holds makes sure that what is known belongs to an epoch and a life of a kind; false: it did not, and was dropped.
func (f *fullBuckets) holds(kind, life string, epoch uint64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.epoch != epoch {
		f.epoch, f.lives, f.names, f.open, f.count = epoch, nil, nil, nil, 0
	}
	if f.lives == nil {
		f.lives, f.names, f.open = map[string]string{}, map[string]map[string][]uint32{}, map[string]map[string]time.Time{}
	}
	if known, there := f.lives[kind]; there && (known == life && life != "" || faults.oldLives) {
		return true
	}
	f.count -= len(f.names[kind])
	empty := len(f.names[kind]) == 0
	f.lives[kind], f.names[kind], f.open[kind] = life, map[string][]uint32{}, map[string]time.Time{}
	return empty
}

// ask lists the levels in which the value of a spot may lie, of those in use; sure says that it lies in the only one.
func (f *fullBuckets) ask(x spot, levels int) (ask []int, sure bool) {
	if levels == 1 {
		return allLevels[:1], false
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	known := f.names[x.kind]
	for level := range levels {
		names, full := known[x.bucket(level)]
		if !full {
			ask = append(ask, level)
			continue
		}
		if _, there := slices.BinarySearch(names, x.start()); there {
			return allLevels[level : level+1], true
		}
	}
	return ask, false
}

// first is the lowest level in which the value of a spot may lie, or has room.
func (f *fullBuckets) first(x spot, levels int) int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	known := f.names[x.kind]
	for level := range levels - 1 {
		names, full := known[x.bucket(level)]
		if _, there := slices.BinarySearch(names, x.start()); !full || there {
			return level
		}
	}
	return levels - 1
}

// start is the start of the name of a value.
func (s spot) start() uint32 { return binary.BigEndian.Uint32([]byte(s.field)) }

// unknown lists some buckets below the highest level of which it is not known whether they are full.
func (f *fullBuckets) unknown(spots []spot, levels func(kind string) int, now time.Time) (out []spot, at []int) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	seen := map[string]bool{}
	for _, x := range spots {
		if f.lives[x.kind] == "" {
			continue
		}
		for level := range levels(x.kind) - 1 {
			key := x.bucket(level)
			_, full := f.names[x.kind][key]
			if full || seen[key] || now.Sub(f.open[x.kind][key]) < openFor {
				continue
			}
			if seen[key] = true; len(out) == learnAtOnce || f.count+len(out) >= maxFull {
				return out, at
			}
			out, at = append(out, x), append(at, level)
		}
	}
	return out, at
}

// learn keeps the names of a bucket, if it is full.
func (f *fullBuckets) learn(kind, key string, fields []string, life string, epoch uint64, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.epoch != epoch || f.lives[kind] != life {
		return
	}
	if len(fields) < bucketRoom && !faults.anyFull {
		f.open[kind][key] = now
		return
	}
	names := make([]uint32, 0, len(fields))
	for _, name := range fields {
		if len(name) == fieldSize { // longer ones are further pieces
			names = append(names, spot{field: name}.start())
		}
	}
	slices.Sort(names)
	if _, known := f.names[kind][key]; !known {
		f.count++
	}
	f.names[kind][key] = slices.Clip(names)
}

// beginLife gives a kind that has none a life.
func (s *Cells) beginLife(ctx context.Context, kind string) error {
	err := s.pipeline(ctx, func(p redis.Pipeliner) { p.SetNX(ctx, lifeKey(kind), rand.Text(), 0) })
	if err != nil {
		return fmt.Errorf("beginning a life of %s: %w", kind, err)
	}
	return nil
}

// learnFull looks at some of the buckets that were read.
func (s *Cells) learnFull(ctx context.Context, spots []spot, lives map[string]string, epoch uint64) error {
	now := time.Now()
	some, at := s.full.unknown(spots, s.levels.of, now)
	if len(some) == 0 {
		return nil
	}
	cmds, again := make([]*redis.StringSliceCmd, len(some)), map[string]*redis.StringCmd{}
	err := s.pipeline(ctx, func(p redis.Pipeliner) {
		for i, x := range some {
			cmds[i] = p.HKeys(ctx, x.bucket(at[i]))
			if again[x.kind] == nil {
				again[x.kind] = p.Get(ctx, lifeKey(x.kind))
			}
		}
	})
	if err != nil {
		return fmt.Errorf("reading the names in %d buckets: %w", len(some), err)
	}
	if s.c.watch.epoch.Load() != epoch {
		return nil
	}
	for i, x := range some {
		if life := lives[x.kind]; again[x.kind].Val() == life {
			s.full.learn(x.kind, x.bucket(at[i]), cmds[i].Val(), life, epoch, now)
		}
	}
	return nil
}
