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

// placeKey is where the index says how far of a partition it holds. It lies beside the index, so that both are lost together.
func (s *Service) placeKey(partition int) string {
	return "mp:" + s.cfg.Group + ":" + strconv.Itoa(partition)
}

// place reads how far of a partition the index holds; false where it does not say, or speaks of another life of the topic.
func (s *Service) place(ctx context.Context, partition int, life stream.LogID) (next int64, known bool, err error) {
	values, err := s.deps.Cells.GetPlain(ctx, []string{s.placeKey(partition)})
	if err != nil {
		return 0, false, fmt.Errorf("reading how far the index is: %w", err)
	}
	if len(values[0]) == 0 {
		return 0, false, nil
	}
	m, err := resolve.DecodeMarker(values[0])
	if err != nil {
		return 0, false, fmt.Errorf("reading how far the index is: %w", err)
	}
	return m.Next, m.LogID == life, nil
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
	for i := range parts {
		s.lately.lose(parts[i].Partition)
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
	s.lead(ctx, parts)
	return nil
}

// Revoked implements stream.Assignable.
func (s *Service) Revoked([]stream.Assignment) { s.halt() }

func (s *Service) setPlace(ctx context.Context, partition int, life stream.LogID, next int64) error {
	m := resolve.Marker{LogID: life, Next: next}
	if err := s.deps.Cells.SetPlain(ctx, []resolve.Plain{{Key: s.placeKey(partition), Value: m.Encode()}}); err != nil {
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
