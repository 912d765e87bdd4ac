package stateredis

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"
)

// pieces says how many pieces of a value are read at once: as many as most values of its kind have.
func (s spot) pieces() int {
	if s.kind == "r" || s.kind == "li" {
		return 2
	}
	return 1
}

// found is a small value as read.
type found struct {
	value string
	level int
	there bool
	more  bool // there are further pieces
}

// put takes the pieces that an answer holds.
func (f *found) put(level int, pieces []any) {
	first, there := pieces[0].(string)
	if !there {
		return
	}
	*f = found{value: first, level: level, there: true, more: len(first) == pieceSize}
	for _, p := range pieces[1:] {
		if piece, _ := p.(string); f.more {
			f.value, f.more = f.value+piece, len(piece) == pieceSize
		}
	}
}

// readSmall reads small values.
func (s *Cells) readSmall(ctx context.Context, spots []spot) ([]found, error) {
	out := make([]found, 0, len(spots))
	for part := range slices.Chunk(spots, maxPipeline) {
		some, err := s.readFirst(ctx, part, spot.pieces)
		if err == nil {
			err = s.readRest(ctx, part, some)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, some...)
	}
	return out, nil
}

// readFirst reads the first pieces of some small values. The number of levels is read before them: who puts a value into a level tells the
// number first.
func (s *Cells) readFirst(ctx context.Context, spots []spot, pieces func(spot) int) ([]found, error) {
	for {
		r := &bucketRead{spots: spots, pieces: pieces}
		if again, err := s.readLevels(ctx, r); err != nil || again {
			if err != nil {
				return nil, err
			}
			continue
		}
		if err := s.readMissed(ctx, r); err != nil {
			return nil, err
		}
		return r.out, s.learnFull(ctx, spots, r.lives, r.epoch)
	}
}

// bucketRead is one read of the first pieces of small values.
type bucketRead struct {
	spots      []spot
	pieces     func(spot) int
	everywhere bool // ask every level, whatever is known of full buckets
	epoch      uint64
	known      map[string]knownKind // what was known when it was asked
	lives      map[string]string    // of kinds with several levels
	out        []found
	missed     []int // what is not where its name seemed to be
}

// knownKind is what is known of a kind at a time. Another read may learn more before this one has its answer, which is no answer to that then.
type knownKind struct {
	levels int
	life   string
}

// readLevels reads spots in the levels where they may lie; again says that what was known of the levels does not hold.
func (s *Cells) readLevels(ctx context.Context, r *bucketRead) (again bool, err error) {
	r.epoch, r.known = s.c.watch.epoch.Load(), map[string]knownKind{}
	counts, lives := map[string]*redis.StringCmd{}, map[string]*redis.StringCmd{}
	var asked *asking
	err = s.pipeline(ctx, func(p redis.Pipeliner) {
		for _, x := range r.spots {
			if counts[x.kind] != nil {
				continue
			}
			counts[x.kind] = p.Get(ctx, levelsKey(x.kind))
			r.known[x.kind] = knownKind{s.levels.of(x.kind), s.full.life(x.kind)}
			if r.known[x.kind].levels > 1 {
				lives[x.kind] = p.Get(ctx, lifeKey(x.kind))
			}
		}
		asked = s.ask(r)
		asked.send(ctx, p)
	})
	if err != nil {
		return false, err
	}
	if again, err := s.learnLevels(ctx, counts, r.known); again || err != nil {
		return again, err
	}
	if again, err := s.sameLives(ctx, r, lives); again || err != nil {
		return again, err
	}
	r.out = asked.answers()
	for i := range r.out {
		if asked.sure[i] && !r.out[i].there {
			r.missed = append(r.missed, i)
		}
	}
	return false, nil
}

// asking is what a read asks: one command brings what it wants of a bucket, however many values that is.
type asking struct {
	buckets []*bucketFields
	wanted  [][]wanted // of each spot, by level
	sure    []bool     // the value of the spot lies in the only level that is asked
}

// bucketFields are fields of one bucket, at most two of each spot of a read.
type bucketFields struct {
	bucket string
	fields []string
	answer *redis.SliceCmd
}

// wanted are the pieces of a value among the fields of a bucket.
type wanted struct {
	of       *bucketFields
	level    int
	from, to int
}

// ask sorts what is wanted of spots by buckets.
func (s *Cells) ask(r *bucketRead) *asking {
	a := &asking{wanted: make([][]wanted, len(r.spots)), sure: make([]bool, len(r.spots))}
	places, all := make(map[string]*bucketFields, len(r.spots)), make([]wanted, 0, len(r.spots))
	for i, x := range r.spots {
		levels, sure := s.levelsToAsk(x, r.known[x.kind].levels, r.everywhere)
		first := len(all)
		for _, level := range levels {
			bucket := x.bucket(level)
			of := places[bucket]
			if of == nil {
				of = &bucketFields{bucket: bucket}
				places[bucket], a.buckets = of, append(a.buckets, of)
			}
			from := len(of.fields)
			of.fields = x.appendFields(of.fields, r.pieces(x))
			all = append(all, wanted{of, level, from, len(of.fields)})
		}
		a.sure[i], a.wanted[i] = sure, all[first:]
	}
	return a
}

func (a *asking) send(ctx context.Context, p redis.Pipeliner) {
	for _, b := range a.buckets {
		b.answer = p.HMGet(ctx, b.bucket, b.fields...)
	}
}

// answers are the values as found, of each spot.
func (a *asking) answers() []found {
	out := make([]found, len(a.wanted))
	for i, levels := range a.wanted {
		for _, w := range levels {
			out[i].put(w.level, w.of.answer.Val()[w.from:w.to])
		}
	}
	return out
}

// levelsToAsk lists those of n levels in which a value may lie; sure says that it lies in the only one.
func (s *Cells) levelsToAsk(x spot, n int, everywhere bool) (levels []int, sure bool) {
	if everywhere {
		return allLevels[:n], false
	}
	return s.full.ask(x, n)
}

// allLevels are the numbers of levels.
var allLevels = [maxLevels]int{0, 1, 2, 3, 4}

// sameLives makes sure that what is known of full buckets held while they were read. A kind that has several levels and no life gets one.
func (s *Cells) sameLives(ctx context.Context, r *bucketRead, lives map[string]*redis.StringCmd) (again bool, err error) {
	r.lives = map[string]string{}
	for kind, cmd := range lives {
		r.lives[kind] = cmd.Val()
		knew := r.known[kind].life
		if !s.full.holds(kind, cmd.Val(), r.epoch) || knew != "" && knew != cmd.Val() && !faults.oldLives {
			again = true
		}
		if cmd.Val() == "" {
			if err := s.beginLife(ctx, kind); err != nil {
				return false, err
			}
		}
	}
	return again || len(lives) > 0 && s.c.watch.epoch.Load() != r.epoch, nil
}

// readMissed asks every level for what shares the start of its name with another value of a full bucket.
func (s *Cells) readMissed(ctx context.Context, r *bucketRead) error {
	for len(r.missed) > 0 {
		rest := &bucketRead{pieces: r.pieces, everywhere: true}
		for _, i := range r.missed {
			rest.spots = append(rest.spots, r.spots[i])
		}
		again, err := s.readLevels(ctx, rest)
		if err != nil {
			return err
		}
		if again {
			continue
		}
		for n, i := range r.missed {
			r.out[i] = rest.out[n]
		}
		r.missed = nil
	}
	return nil
}

// learnLevels compares what is stored with what is known; again says that there are more levels than were known.
func (s *Cells) learnLevels(ctx context.Context, counts map[string]*redis.StringCmd, known map[string]knownKind) (again bool, err error) {
	for kind, cmd := range counts {
		n, err := cmd.Int()
		s.levels.learn(kind, n)
		switch {
		case err != nil && !errors.Is(err, redis.Nil):
			return false, fmt.Errorf("reading the levels of %s: %w", kind, ErrCorrupt)
		case min(n, maxLevels) > known[kind].levels && !faults.othersLearnt:
			again = true
		case n < s.levels.of(kind) && s.levels.of(kind) > 1: // a server that lost its last writes has forgotten it
			if err := s.tell(ctx, kind, s.levels.of(kind)); err != nil {
				return false, err
			}
		}
	}
	return again, nil
}

// readRest reads values of more pieces as a whole.
func (s *Cells) readRest(ctx context.Context, spots []spot, values []found) error {
	cmds := map[int]*redis.Cmd{}
	for i, v := range values {
		if v.more {
			cmds[i] = nil
		}
	}
	if len(cmds) == 0 {
		return nil
	}
	err := s.pipeline(ctx, func(p redis.Pipeliner) {
		for i := range cmds {
			cmds[i] = p.FCallRO(ctx, bucketGet, []string{spots[i].bucket(values[i].level)}, spots[i].field)
		}
	})
	if err != nil {
		return err
	}
	for i, cmd := range cmds {
		if values[i].value, err = cmd.Text(); err != nil {
			return fmt.Errorf("reading a value of several pieces: %w", err)
		}
	}
	return nil
}
