package matcher

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"rcu/pkg/match"
	"rcu/pkg/profile"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

const (
	// batchRecords is how many leaves are taken at once: few, so that no record waits long for those before it.
	batchRecords = 100
	// batchWait is the least time between two batches of a partition that is not behind.
	batchWait = 20 * time.Millisecond
)

// leaf is one leaf of a batch, as its changelog has it.
type leaf struct {
	space string
	id    string         // its key, 16 bytes
	state *profile.State // nil: it is gone
	at    time.Time      // when it was published

	offset  int64 // where it lies in its partition
	doubted bool  // the index may lack a part of what was taken of it
}

// Batch implements stream.Handler. A server that was lost may have taken along what of the batch was put on it: nothing of it counts as taken then.
func (s *Service) Batch(ctx context.Context, b stream.Batch) error {
	err := s.batch(s.planned(ctx), b)
	if err != nil && len(b.Records) > 0 {
		s.lately.lose(b.Partition)
		s.doubts.raise(b.Partition, b.Next())
	}
	return err
}

// batch takes the last value of each leaf of a batch.
func (s *Service) batch(ctx context.Context, b stream.Batch) error {
	if err := s.resume(ctx, b); err != nil {
		return err
	}
	s.turns.begin(b.Partition, b.Next())
	leaves, bad := leavesOf(b)
	for i := range leaves {
		leaves[i].doubted = s.doubts.of(b.Partition, leaves[i].offset)
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout*time.Duration(len(leaves)+1))
	defer cancel()
	if err := s.takeAll(ctx, b.Partition, leaves); err != nil {
		return err
	}
	if err := s.setPlace(ctx, b.Partition, b.LogID, b.Next()); err != nil {
		return err
	}
	if len(bad) > 0 {
		return stream.Invalid("bad_leaf", errNoLeaf, bad...)
	}
	return nil
}

// leavesOf reads the leaves of a batch, of each the last value; bad are the offsets of what cannot be read.
func leavesOf(b stream.Batch) (leaves []leaf, bad []int64) {
	place := map[string]int{}
	for _, r := range b.Records {
		if !strings.HasPrefix(string(r.Key), leafPrefix) {
			continue // a register of a reference
		}
		l, err := readLeaf(r)
		if err != nil {
			bad = append(bad, r.Offset)
			continue
		}
		if i, again := place[l.id]; again {
			leaves[i] = l
			continue
		}
		place[l.id] = len(leaves)
		leaves = append(leaves, l)
	}
	return leaves, bad
}

// leafPrefix begins the keys of leaves on their changelog, as resolve.LeafCell makes them.
const leafPrefix = "l:"

func readLeaf(r stream.Record) (leaf, error) {
	id, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(string(r.Key), leafPrefix))
	if err != nil || len(id) != match.EntryIDSize {
		return leaf{}, errNoLeaf
	}
	l := leaf{id: string(id), at: r.Time, offset: r.Offset}
	if r.Value == nil {
		return l, nil
	}
	m := new(eventpb.Changelog)
	if err := r.Decode(m); err != nil {
		return leaf{}, errNoLeaf
	}
	l.space = m.GetSpace()
	if len(m.GetValue()) == 0 {
		return l, nil
	}
	if l.state, err = profile.Decode(m.GetValue()); err != nil {
		return leaf{}, errNoLeaf
	}
	if l.state.Empty() {
		l.state = nil
	}
	return l, nil
}
