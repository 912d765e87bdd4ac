package resolver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rcu/pkg/stream"
)

// comparison puts in order what was told of a state that the store then lost: components, owners, places of identifiers, profiles. Evidence that came
// before the loss comes again, and may come to its end by another way, on which nobody speaks of them. Where nothing was lost it finds nothing.
//
// It is done by whoever publishes a space, when he begins and in each epoch of the store, in slices between which he drains the outbox. One that was
// cut short is begun anew, by him or by another, from where it began: the lease says since when everything is compared.
type comparison struct {
	s      *Service
	since  time.Time
	topics []*comparedTopic // that are left
	round  uint64           // of pending profiles, that holds the last that was found
}

// comparedTopic is what is compared on a topic, partition by partition: what it tells is read first, so that of each key only the newest is compared.
type comparedTopic struct {
	what, topic string
	told        told
	partitions  int // 0: not asked yet
	partition   int
	opened      bool  // from and end are known
	from, end   int64 // what of the partition is left to be read
}

// told is what was told on a topic, of which a part was read and is not compared yet.
type told interface {
	// note takes note of a record.
	note(r stream.Record) error
	// compare compares some of what was noted, tells what is not as it was told, and returns how much of the rest is left.
	compare(ctx context.Context, most int) (left int, err error)
	// end is called behind everything.
	end(ctx context.Context) error
}

// sliceBounds bound what is compared between two drains of the outbox.
type sliceBounds struct {
	time    time.Duration // after it nothing more is begun
	records int           // that are read in one step
	keys    int           // that are compared in one step
}

func defaultSlices() sliceBounds { return sliceBounds{100 * time.Millisecond, 1000, profileChunk} }

// beginComparison begins comparing what was told since a time; zero: nobody knows since when it was compared.
func (s *Service) beginComparison(space string, since time.Time) *comparison {
	c := &comparison{s: s, since: since}
	if now := s.deps.Now(); now.Before(since) { // the clock was set back
		c.since = now
	}
	if faults.forgetTold || s.told == nil {
		return c
	}
	s.runs.run(space).withheld = true
	c.topics = []*comparedTopic{
		{what: "components", topic: stream.TopicGraph, told: &toldComponents{s: s, space: space}},
		{what: "owners", topic: stream.TopicOwners, told: &toldOwners{s: s, space: space}},
		{what: "identifiers", topic: stream.TopicIdentityMap, told: &toldPlaces{s: s, space: space}},
		{what: "profiles", topic: stream.TopicProfiles, told: &toldProfiles{s: s, space: space, comparison: c}},
	}
	return c
}

// urgent reports whether offsets wait for it: the changelog is not told to be whole before its components are compared.
func (c *comparison) urgent() bool {
	return len(c.topics) > 0 && c.topics[0].topic == stream.TopicGraph
}

// read reports whether nothing is left but to wait until what was found is out.
func (c *comparison) read() bool { return len(c.topics) == 0 }

// slice compares for a while and reports whether everything is compared and what was found is out.
func (c *comparison) slice(ctx context.Context) (done bool, err error) {
	for began := c.s.deps.Now(); len(c.topics) > 0; {
		t := c.topics[0]
		more, err := t.step(ctx, c.s, c.since)
		if err != nil {
			return false, fmt.Errorf("comparing what was told of %s: %w", t.what, err)
		}
		if !more {
			c.topics = c.topics[1:]
		}
		if faults.oneSlice {
			return true, nil
		}
		if c.s.deps.Now().Sub(began) >= c.s.slice.time {
			return false, nil
		}
	}
	return c.s.pending.isOut(c.round) || faults.foundIsOut, nil
}

// step reads a little more, or compares a little of what was read, and reports whether there is more to do.
func (t *comparedTopic) step(ctx context.Context, s *Service, since time.Time) (more bool, err error) {
	switch {
	case t.partitions == 0:
		t.partitions, err = s.told.Partitions(ctx, t.topic)
		return true, err //nolint:wrapcheck // says all
	case t.partition == t.partitions:
		return false, t.told.end(ctx)
	case !t.opened:
		t.from, t.end, err = toldSince(ctx, s.told, t.topic, t.partition, since)
		t.opened = err == nil
		return true, err
	case t.from < t.end:
		return true, t.readOn(ctx, s)
	}
	left, err := t.told.compare(ctx, s.slice.keys)
	if err == nil && left == 0 {
		t.partition, t.opened = t.partition+1, false
	}
	return true, err
}

var errEnough = errors.New("enough")

// readOn takes note of the next records of the partition.
func (t *comparedTopic) readOn(ctx context.Context, s *Service) error {
	n := 0
	err := s.told.ReadFrom(ctx, t.topic, t.partition, t.from, func(r stream.Record) error {
		if n++; r.Offset >= t.end || n > s.slice.records {
			return errEnough
		}
		if err := t.told.note(r); err != nil {
			return err
		}
		t.from = r.Offset + 1
		return nil
	})
	switch {
	case err == nil || errors.Is(err, errEnough) && n <= s.slice.records:
		t.from = t.end
	case !errors.Is(err, errEnough):
		return fmt.Errorf("reading %s: %w", t.topic, err)
	}
	return nil
}

// newest is the newest that was told of each key of a partition.
type newest[K comparable, V any] struct {
	of   map[K]V
	left []K // to be compared
}

// keep keeps what was told of a key.
func (n *newest[K, V]) keep(k K, v V) {
	if n.of == nil {
		n.of = map[K]V{}
	}
	if _, known := n.of[k]; !known {
		n.left = append(n.left, k)
	}
	n.of[k] = v
}

// some has some of the keys compared by f, and returns how many are left then. Where it fails they all are.
func (n *newest[K, V]) some(most int, f func(keys []K) error) (left int, err error) {
	keys := n.left[:min(most, len(n.left))]
	if len(keys) > 0 {
		err = f(keys)
	}
	if err == nil || faults.struckOff {
		n.left = n.left[len(keys):]
	}
	if len(n.left) == 0 {
		n.of, n.left = nil, nil
	}
	return len(n.left), err
}
