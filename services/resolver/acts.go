package resolver

import (
	"context"

	"rcu/pkg/resolve"
	"rcu/pkg/stream"
	eventpb "rcu/schemas/event"
)

// joinActs joins the acts of the batch into the registers of what they are on. The steward did so already before it published them; an
// act that lies on Kafka counts, whatever happened there. To the graph an act is a fact like any other.
func (s *Service) joinActs(ctx context.Context, w *work) error {
	var keys []string
	byCell := map[string][]*eventpb.Act{}
	for _, m := range w.acts {
		cell := resolve.ActsCellOf(m)
		if byCell[cell] == nil {
			keys = append(keys, cell)
		}
		byCell[cell] = append(byCell[cell], m)
	}
	if len(keys) == 0 {
		return nil
	}
	err := s.writer.update(ctx, "registers of acts", keys, func(i int, c *resolve.Cell) (bool, error) {
		register, err := resolve.DecodeActs(c.Value)
		if err != nil {
			return false, err //nolint:wrapcheck // says all
		}
		joined, changed := register.Join(byCell[keys[i]]...)
		if changed {
			c.Value, err = joined.Encode()
		}
		return changed, err //nolint:wrapcheck // says all
	})
	if err != nil {
		return err
	}
	for _, k := range keys {
		w.cells = append(w.cells, cellRef{space: w.space, topic: stream.TopicRegisters, key: k})
	}
	return nil
}
