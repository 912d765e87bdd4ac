package privacy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"rcu/pkg/consent"
	"rcu/pkg/identifier"
	"rcu/pkg/profile"
	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// People reads who a point belongs to (*resolve.Reader).
type People interface {
	People(ctx context.Context, space string, keys []identifier.Key, now int64) ([]*resolve.Person, error)
}

// Publisher writes records durably; *stream.Producer is one.
type Publisher interface {
	Publish(ctx context.Context, records []stream.Record) error
}

const (
	// attempts bounds how often a value is changed again because somebody else was first.
	attempts = 50
	// together is how many erasures are worked on at once.
	together = 100
	// firstSubjectPartition of rcu.keys holds keys of subjects; the one before holds daily keys.
	firstSubjectPartition = 1
)

// keys destroys keys of subjects: in the state, and on rcu.keys, where a record without key takes the place of each.
type keys struct {
	cells      resolve.Cells
	out        Publisher
	partitions int // of rcu.keys
	now        func() time.Time
}

// destroy destroys the keys of the identifiers of entries. One that has none is marked, too, so that none is ever made for what was told before.
func (k *keys) destroy(ctx context.Context, entries []Entry) error {
	if len(entries) == 0 {
		return nil
	}
	cells, err := k.clear(ctx, keyCells(entries))
	if err != nil {
		return err
	}
	return k.tell(ctx, entries, cells)
}

// tell publishes that the keys of entries, which lie in cells, are destroyed.
func (k *keys) tell(ctx context.Context, entries []Entry, cells []resolve.Cell) error {
	records := make([]stream.Record, 0, len(cells))
	for i, c := range cells {
		r, err := k.record(entries[i], c)
		if err != nil {
			return err
		}
		records = append(records, r)
	}
	if faults.noRecord {
		return nil
	}
	if err := k.out.Publish(ctx, records); err != nil {
		return fmt.Errorf("publishing that keys are destroyed: %w", err)
	}
	return nil
}

// clear takes the values of cells away and returns them as they stand then.
func (k *keys) clear(ctx context.Context, names []string) ([]resolve.Cell, error) {
	for range attempts {
		cells, err := k.cells.LoadCells(ctx, names)
		if err != nil {
			return nil, fmt.Errorf("reading the keys of subjects: %w", err)
		}
		var left []resolve.Cell
		for _, c := range cells {
			if !resolve.KeyDestroyed(c) {
				left = append(left, resolve.Cell{Key: c.Key, Version: c.Version})
			}
		}
		if len(left) == 0 {
			return cells, nil
		}
		if _, err := k.cells.CommitCells(ctx, left); err != nil {
			return nil, fmt.Errorf("destroying keys of subjects: %w", err)
		}
	}
	return nil, fmt.Errorf("destroying keys of subjects: %w", resolve.ErrContended)
}

// record is what stays of a key on rcu.keys.
func (k *keys) record(e Entry, c resolve.Cell) (stream.Record, error) {
	r, err := stream.Encode(stream.TopicKeys, []byte(c.Key), &eventpb.WrappedKey{
		Controller: e.Controller, Subject: e.Pseudonym, Version: c.Version,
	}, k.now())
	if err != nil {
		return stream.Record{}, err //nolint:wrapcheck // says all
	}
	if k.partitions > firstSubjectPartition {
		r.Pinned, r.Partition = true, firstSubjectPartition+stream.PartitionOf(r.Key, k.partitions-firstSubjectPartition)
	}
	return r, nil
}

// errStands says that a key was there again when it was looked for: the store lost what it was told, or somebody wrote it.
var errStands = errors.New("a key that was destroyed stands again")

// confirm looks for keys that were destroyed, and tells once more that they are: a record that somebody published of what they had read before may lie
// behind the first one, and the last record of a key is the one that compaction keeps. (It also leaves the last batch of a partition alone.)
func (k *keys) confirm(ctx context.Context, entries []Entry) error {
	cells, err := k.cells.LoadCells(ctx, keyCells(entries))
	if err != nil {
		return fmt.Errorf("reading the keys of subjects: %w", err)
	}
	for _, c := range cells {
		if !resolve.KeyDestroyed(c) {
			return errStands
		}
	}
	return k.tell(ctx, entries, cells)
}

func keyCells(entries []Entry) []string {
	out := make([]string, len(entries))
	for i, e := range entries {
		out[i] = e.keyCell()
	}
	return out
}

// judged parts entries whose erasure lies by their register from those that ended meanwhile. One whose register knows of no erasure is left out of both:
// it stays open and will be overdue.
func (s *Service) judged(ctx context.Context, entries []Entry) (lying, ended []Entry, err error) {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.registerCell()
	}
	cells, err := s.deps.Cells.LoadCells(ctx, names)
	if err != nil {
		return nil, nil, fmt.Errorf("reading consent registers: %w", err)
	}
	now := s.deps.Now().Unix()
	for i, e := range entries {
		register, err := consent.DecodeRegister(cells[i].Value)
		if err != nil { // what cannot be read denies
			lying = append(lying, e)
			continue
		}
		switch until, ok := register.ErasedUntil(now); {
		case e.reference():
			lying = append(lying, e)
		case ok && until > now:
			lying = append(lying, e)
		case ok:
			e.EndsAt = until
			ended = append(ended, e)
		}
	}
	return lying, ended, nil
}

// references finds the references that belong to the people of entries: orders and cases whose values are sealed under keys of their own. Those with
// anything that happened after the erasure are left out: they are of whoever came later to a point that was passed on.
func (s *Service) references(ctx context.Context, entries []Entry) ([]Entry, error) {
	var out []Entry
	seen := map[name]bool{}
	for space, some := range bySpace(entries) {
		points := make([]identifier.Key, len(some))
		for i, e := range some {
			points[i] = e.key()
		}
		people, err := s.deps.People.People(ctx, space, points, s.deps.Now().Unix())
		if err != nil {
			return nil, fmt.Errorf("reading the people who are erased: %w", err)
		}
		for i, e := range some {
			for _, leaf := range people[i].Owned(e.Controller) {
				if x, ok := e.ofLeaf(leaf); ok && !seen[x.name()] {
					seen[x.name()] = true
					out = append(out, x)
				}
			}
		}
	}
	return out, nil
}

// ofLeaf is the entry of the reference that a leaf of the person of an entry is of.
func (e Entry) ofLeaf(leaf *profile.State) (Entry, bool) {
	x := newEntry(e.Space, e.Controller, resolve.SubjectOf(leaf.Leaf()))
	x.DecidedAt, x.ReceivedAt = e.DecidedAt, e.ReceivedAt
	return x, x.reference() && leaf.LastAct() <= e.DecidedAt
}

func bySpace(entries []Entry) map[string][]Entry {
	out := map[string][]Entry{}
	for _, e := range entries {
		out[e.Space] = append(out[e.Space], e)
	}
	return out
}
