package matcher

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"go.uber.org/zap"

	"rcu/pkg/resolve"
	"rcu/pkg/stream"
)

// placeKey is where a server says how far of a partition the index on it holds. It lies beside the entries, so that both are lost together.
func (s *Service) placeKey(partition int, tag string) string {
	if tag != "" {
		tag = "{" + tag + "}:"
	}
	return "mp:" + tag + s.cfg.Group + ":" + strconv.Itoa(partition)
}

// placeKeys are the keys of a partition on every server.
func (s *Service) placeKeys(ctx context.Context, partition int) ([]string, error) {
	tags := []string{""}
	if s.deps.Servers != nil {
		var err error
		if tags, err = s.deps.Servers.Tags(ctx); err != nil {
			return nil, fmt.Errorf("asking on which servers the index lies: %w", err)
		}
	}
	keys := make([]string, len(tags))
	for i, tag := range tags {
		keys[i] = s.placeKey(partition, tag)
	}
	return keys, nil
}

// place reads how far of a partition every server holds the index; false where one does not say, or speaks of another life of the topic.
func (s *Service) place(ctx context.Context, partition int, life stream.LogID) (next int64, known bool, err error) {
	keys, err := s.placeKeys(ctx, partition)
	if err != nil {
		return 0, false, err
	}
	values, err := s.deps.Cells.GetPlain(ctx, keys)
	if err != nil {
		return 0, false, fmt.Errorf("reading how far the index is: %w", err)
	}
	for i, v := range values {
		if len(v) == 0 {
			return 0, false, nil
		}
		m, err := resolve.DecodeMarker(v)
		if err != nil {
			return 0, false, fmt.Errorf("reading how far the index is: %w", err)
		}
		if m.LogID != life {
			return 0, false, nil
		}
		if i == 0 || m.Next < next {
			next = m.Next
		}
	}
	return next, true, nil
}

// reached is how far of each partition this process brought the index.
type reached struct {
	mu   sync.Mutex
	next map[int]int64
}

func (r *reached) of(partition int) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next[partition]
}

func (r *reached) set(partition int, next int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next[partition] = next
}

// Assigned begins where the index is: at the beginning of the log where it does not say.
func (s *Service) Assigned(ctx context.Context, parts []stream.Assignment) error {
	if err := s.begin(s.planned(ctx), parts); err != nil {
		return err
	}
	s.lead(ctx, parts)
	return nil
}

// begin sets the offsets of partitions to where the index is.
func (s *Service) begin(ctx context.Context, parts []stream.Assignment) error {
	for i := range parts {
		s.lately.lose(parts[i].Partition)
		s.doubts.raise(parts[i].Partition, parts[i].End)
		s.turns.lose(parts[i].Partition)
		next, known, err := s.place(ctx, parts[i].Partition, parts[i].LogID)
		switch {
		case err != nil:
			return err
		case known:
			parts[i].Offset = max(min(parts[i].Offset, next), parts[i].Start)
		default:
			parts[i].Offset = parts[i].Start
		}
		if err := s.setPlace(ctx, parts[i].Partition, parts[i].LogID, parts[i].Offset); err != nil {
			return err
		}
		s.turns.begin(parts[i].Partition, parts[i].Offset)
	}
	return nil
}

// Revoked implements stream.Assignable.
func (s *Service) Revoked([]stream.Assignment) { s.halt() }

// setPlace says on every server how far of a partition it holds, behind the entries that were put there.
func (s *Service) setPlace(ctx context.Context, partition int, life stream.LogID, next int64) error {
	keys, err := s.placeKeys(ctx, partition)
	if err != nil {
		return err
	}
	m := resolve.Marker{LogID: life, Next: next}
	places := make([]resolve.Plain, len(keys))
	for i, k := range keys {
		places[i] = resolve.Plain{Key: k, Value: m.Encode()}
	}
	if err := s.deps.Cells.SetPlain(ctx, places); err != nil {
		return fmt.Errorf("writing how far the index is: %w", err)
	}
	s.reached.set(partition, next)
	return nil
}

// resume reports where to read again when the index was lost while the matcher ran: it holds less than what was put into it.
func (s *Service) resume(ctx context.Context, b stream.Batch) error {
	next, known, err := s.place(ctx, b.Partition, b.LogID)
	switch {
	case err != nil:
		return err
	case known && next >= s.reached.of(b.Partition):
		return nil
	}
	s.lately.lose(b.Partition)
	s.doubts.raise(b.Partition, s.reached.of(b.Partition))
	s.turns.lose(b.Partition)
	if known {
		s.deps.Log.Warn("the index holds less than it did: leaves are read again", zap.Int("partition", b.Partition), zap.Int64("from", next))
		s.reached.set(b.Partition, next)
		return &stream.Rewind{Offset: next}
	}
	s.deps.Log.Warn("the index is lost: all leaves are read again", zap.Int("partition", b.Partition))
	bounds, err := s.deps.Stream.Bounds(ctx, b.Topic, b.Partition)
	if err != nil {
		return fmt.Errorf("asking for the beginning of the leaves: %w", err)
	}
	start := min(bounds[b.Partition].Start, b.First())
	if err := s.setPlace(ctx, b.Partition, b.LogID, start); err != nil {
		return err
	}
	if start == b.First() {
		return nil
	}
	return &stream.Rewind{Offset: start}
}
