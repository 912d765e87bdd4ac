package resolver

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// run is how far the publisher of a space has come since the outbox was trimmed last. What it reads of a component may be newer than
// the entry that made it read, and then another component that the same commit wrote is not out yet: from such a changelog the graph
// would come back torn. So it is told (TellWhole) that the changelog is whole, and the outbox is trimmed, only where nothing that was published is
// newer than the last entry.
type run struct {
	after  string                            // the last entry that was published
	newest uint64                            // version of anything that was published
	ahead  map[resolve.ComponentKey]struct{} // read as gone, by an entry that is still to come
	owed   uint64                            // the round of pending profiles that holds those of the last entry
	told   []toldEntry                       // up to where the changelog was whole, oldest first
}

// toldEntry is an entry up to which the outbox may be forgotten once a round of pending profiles is out.
type toldEntry struct {
	id    string
	round uint64
}

// runs are the runs of the spaces that this process looks after.
type runs struct {
	mu sync.Mutex
	of map[string]*run
}

// run returns the run of a space, which one goroutine uses.
func (r *runs) run(space string) *run {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil {
		r.of = map[string]*run{}
	}
	if r.of[space] == nil {
		r.of[space] = &run{ahead: map[resolve.ComponentKey]struct{}{}}
	}
	return r.of[space]
}

// begin forgets a run: the outbox is published from its start.
func (r *runs) begin(space string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.of, space)
}

// whole reports whether the changelog holds everything up to a version and nothing newer.
func (r *run) whole(version uint64) bool {
	return r.newest <= version && len(r.ahead) == 0 || faults.tornRun
}

// published takes note of a value that goes out.
func (r *run) published(record string) { r.newest = max(r.newest, resolve.RecordVersion(record)) }

// GraphTombstoneVersion is the header of a tombstone of rcu.graph that says by which commit the component is gone.
const GraphTombstoneVersion = "rcu-version"

// Names of what lies on rcu.graph beside components, on partition 0.
const (
	// GraphThrough says up to which version every commit is on rcu.graph whole.
	GraphThrough = "through"
	// GraphRules holds the rules of a space.
	GraphRules = "rules"
	// GraphControlPartition is the partition of both.
	GraphControlPartition = 0
)

// GraphControl makes a record that lies beside the components of a space.
func GraphControl(space, name string, version uint64, value []byte, now time.Time) (stream.Record, error) {
	r, err := stream.Encode(stream.TopicGraph, []byte(space+":"+name), &eventpb.Changelog{Space: space, Key: []byte(name), Version: version, Value: value}, now)
	r.Pinned, r.Partition = true, GraphControlPartition
	return r, err
}

// graphTombstone says that a component is gone by a commit.
func graphTombstone(key []byte, version uint64, now time.Time) stream.Record {
	r := stream.Tombstone(stream.TopicGraph, key, now)
	r.Headers = append(r.Headers, stream.Header{Key: GraphTombstoneVersion, Value: binary.BigEndian.AppendUint64(nil, version)})
	return r
}

// TombstoneVersion reads what a tombstone of rcu.graph says; 0 where it says nothing.
func TombstoneVersion(r stream.Record) uint64 {
	if b := r.Header(GraphTombstoneVersion); len(b) == 8 {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// tellWhole says that every commit up to a version is on the changelog. The outbox is trimmed up to there once the profiles of its
// entries are out: see trimOutbox.
func (s *Service) tellWhole(ctx context.Context, space string, r *run, last resolve.OutboxEntry, now time.Time) error {
	record, err := GraphControl(space, GraphThrough, last.Version, nil, now)
	if err != nil {
		return err
	}
	if err := s.out.PublishAll(ctx, []stream.Record{record}); err != nil {
		return fmt.Errorf("telling that the changelog is whole: %w", err)
	}
	if n := len(r.told); n > 0 && r.told[n-1].round == r.owed {
		r.told = r.told[:n-1]
	}
	r.told = append(r.told, toldEntry{last.ID, r.owed})
	return nil
}

// trimOutbox forgets the entries whose profiles are out. A publisher that is killed before leaves them to the next one, which publishes
// them again.
func (s *Service) trimOutbox(ctx context.Context, space string, r *run) error {
	n := 0
	for n < len(r.told) && (s.pending.isOut(r.told[n].round) || faults.trimEarly) {
		n++
	}
	if n == 0 {
		return nil
	}
	if err := s.deps.Graph.TrimOutbox(ctx, space, r.told[n-1].id); err != nil {
		return fmt.Errorf("trimming the outbox: %w", err)
	}
	r.told = r.told[n:]
	return nil
}

// owing remembers what the outboxes held at the times when pending values were taken, so that offsets wait for the outbox too.
type owing struct {
	mu    sync.Mutex
	marks []outboxMark
	out   time.Time // everything committed before is out
}

// outboxMark is the version of the newest entry of each outbox at a time; spaces whose outbox was empty are left out.
type outboxMark struct {
	at     time.Time
	newest map[string]uint64
}

// through is the time up to which the outboxes are out.
func (o *owing) through() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.out
}

// maxMarks bounds what is remembered; beyond it the newest mark is moved on, which only lets offsets wait longer.
const maxMarks = 1000

// mark takes note of what the outboxes owe at a time, and of what they have brought out since.
func (s *Service) mark(ctx context.Context, at time.Time) error {
	m := outboxMark{at: at, newest: map[string]uint64{}}
	oldest := map[string]uint64{}
	for _, space := range s.cfg.Spaces {
		first, last, err := s.deps.Graph.OutboxEnds(ctx, space)
		if err != nil {
			return err
		}
		if first > 0 {
			oldest[space], m.newest[space] = first, last
		}
	}
	o := &s.owing
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.marks) >= maxMarks {
		o.marks = o.marks[:maxMarks-1]
	}
	o.marks = append(o.marks, m)
	for len(o.marks) > 0 && o.marks[0].isOut(oldest) {
		o.out = o.marks[0].at
		o.marks = o.marks[1:]
	}
	return nil
}

// isOut reports whether all that the outboxes owed then is out, by their oldest entries now.
func (m outboxMark) isOut(oldest map[string]uint64) bool {
	for space, newest := range m.newest {
		if first, owes := oldest[space]; owes && first <= newest {
			return false
		}
	}
	return true
}
