package stateredis

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// ErrNotWhole says that Redis lacks what people decided and what was counted.
var ErrNotWhole = errors.New("redis does not hold the whole state: it was lost, or is being rebuilt")

// Whole fails with ErrNotWhole unless every node bears the mark of one that holds state, and no rebuild is under way. Whoever permits something on
// what he read asks before and after: a state that is being deleted or filled shows what was granted and not yet, or no more, what was refused.
func (m *Markers) Whole(ctx context.Context) error {
	masters, err := m.nodes(ctx)
	if err != nil {
		return err
	}
	holds := make([]*redis.IntCmd, len(masters))
	var rebuilding *redis.IntCmd
	err = NewCells(m.c).pipeline(ctx, func(p redis.Pipeliner) {
		for i, node := range masters {
			holds[i] = p.Exists(ctx, node.holds())
		}
		rebuilding = p.Exists(ctx, rebuildKey)
	})
	if err != nil {
		return fmt.Errorf("asking whether redis holds the whole state: %w", err)
	}
	for _, h := range holds {
		if h.Val() == 0 {
			return ErrNotWhole
		}
	}
	if rebuilding.Val() > 0 {
		return ErrNotWhole
	}
	return nil
}
