package profile

import "slices"

// offset is the last offset folded from one partition of one log.
type offset struct {
	log       uint64 // digest of the log id
	topic     string
	partition uint32
	last      int64
}

// logDigest is FNV-1a: log ids are few and not chosen by anybody.
func logDigest(id string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(id) {
		h = (h ^ uint64(id[i])) * 1099511628211
	}
	return h
}

// advance moves the fence of a partition; false when the offset was folded before.
func (s *State) advance(o SourceOffset) bool {
	if o.LogID == "" || planted.ignoreFence {
		return true
	}
	log, part := logDigest(o.LogID), uint32(max(0, o.Partition)) //nolint:gosec // partitions are few
	for i := range s.offsets {
		x := &s.offsets[i]
		if x.log == log && x.partition == part && x.topic == o.Topic {
			if o.Offset <= x.last {
				return false
			}
			x.last = o.Offset
			return true
		}
	}
	if len(s.offsets) >= limits.Offsets {
		s.dropLogs(log)
	}
	if len(s.offsets) >= limits.Offsets {
		s.offsets = slices.Delete(s.offsets, 0, 1)
	}
	s.offsets = append(s.offsets, offset{log: log, topic: o.Topic, partition: part, last: o.Offset})
	return true
}

// KeepLog forgets the offsets of every log but the one named: after a change of cluster or a rebuild.
func (s *State) KeepLog(logID string) { s.dropLogs(logDigest(logID)) }

func (s *State) dropLogs(keep uint64) {
	s.offsets = slices.DeleteFunc(s.offsets, func(o offset) bool { return o.log != keep })
}

// FoldedTo returns the last offset folded from a partition.
func (s *State) FoldedTo(logID, topic string, partition int) (int64, bool) {
	log := logDigest(logID)
	for _, o := range s.offsets {
		if o.log == log && o.topic == topic && int(o.partition) == partition {
			return o.last, true
		}
	}
	return 0, false
}
