package resolver

import (
	"context"
	"fmt"
	"time"

	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// overtaken is how often a value that moved while it was published is published again at once.
const overtaken = 3

// publishAllCells publishes cells and returns those whose last record may be an older value: after an error those not reached.
func (s *Service) publishAllCells(ctx context.Context, cells []cellRef) ([]cellRef, error) {
	for range overtaken {
		var moved []cellRef
		for len(cells) > 0 {
			n := min(len(cells), publishChunk)
			some, err := s.publishCells(ctx, s.out, cells[:n])
			if err != nil {
				return append(moved, cells...), err
			}
			moved, cells = append(moved, some...), cells[n:]
		}
		if cells = moved; len(cells) == 0 {
			break
		}
	}
	return cells, nil
}

// publishCells puts the value of cells on their changelogs and returns those that have another one by then: another worker may have
// published the newer value before this one, and the last record of a key is the one that compaction keeps.
func (s *Service) publishCells(ctx context.Context, out output, refs []cellRef) (moved []cellRef, err error) {
	if err := s.readUnknown(ctx, refs); err != nil {
		return nil, err
	}
	now := s.deps.Now()
	records, keys := make([]stream.Record, 0, len(refs)), make([]string, len(refs))
	for i, ref := range refs {
		keys[i] = ref.key
		if ref.stored.Version == 0 {
			continue // it was never written: a register that nothing was said into
		}
		r, err := s.changelog(ref, now)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	if err := out.PublishAll(ctx, records); err != nil {
		return nil, fmt.Errorf("publishing changelogs: %w", err)
	}
	versions, err := s.deps.Cells.Versions(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("reading what was published: %w", err)
	}
	for i, ref := range refs {
		if versions[i] != ref.stored.Version && !faults.keepOvertaken {
			ref.stored = resolve.Cell{}
			moved = append(moved, ref)
		}
	}
	return moved, nil
}

// readUnknown reads the cells whose value is not known.
func (s *Service) readUnknown(ctx context.Context, refs []cellRef) error {
	var keys []string
	var places []int
	for i, r := range refs {
		if r.stored.Version == 0 {
			keys, places = append(keys, r.key), append(places, i)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	cells, err := s.deps.Cells.LoadCells(ctx, keys)
	if err != nil {
		return fmt.Errorf("reading values to publish: %w", err)
	}
	for n, i := range places {
		refs[i].stored = cells[n]
	}
	return nil
}

func (s *Service) changelog(ref cellRef, now time.Time) (stream.Record, error) {
	if ref.topic == stream.TopicKeys {
		return s.subjectKeyRecord(ref, now)
	}
	r, err := stream.Encode(ref.topic, []byte(ref.key), &eventpb.Changelog{
		Space: ref.space, Key: []byte(ref.key), Value: ref.stored.Value, Version: ref.stored.Version,
	}, now)
	if ref.sealer != "" && !faults.unmarked {
		r.Headers = append(r.Headers, stream.Header{Key: stream.HeaderNews, Value: []byte("1")})
	}
	return r, err
}

// subjectKeyRecord keeps the wrapped keys of subjects off the partition of the daily keys, which every process reads whole.
func (s *Service) subjectKeyRecord(ref cellRef, now time.Time) (stream.Record, error) {
	r, err := stream.Encode(ref.topic, []byte(ref.key), &eventpb.WrappedKey{
		Controller: ref.about.controller, Subject: ref.about.subject, Wrapped: ref.stored.Value, Version: ref.stored.Version,
	}, now)
	if err != nil {
		return stream.Record{}, err
	}
	if s.keyPartitions > 1 {
		r.Pinned, r.Partition = true, 1+stream.PartitionOf(r.Key, s.keyPartitions-1)
	}
	return r, nil
}
