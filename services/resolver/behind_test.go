package resolver_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/stream"
	"rcu/pkg/vault"
	"rcu/services/resolver"
)

// Offsets follow two seconds behind what was written: so much a Redis may lose.
func TestOffsets_followTwoSecondsBehindTheStore(t *testing.T) {
	h := salesOfOneCard(t, 1)
	r := newRig(t)
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1})
	w.now = time.Now()
	w.chaos.tick = func() {}
	quiet := &life{chaos: &chaos{tick: func() {}}}
	w.cells.life, w.graph.life = quiet, quiet
	for _, k := range h.keys {
		rec, err := stream.Encode(stream.TopicKeys, vault.DailyRecordKey(k.GetId()), k, time.Now())
		require.NoError(t, err)
		rec.Pinned = true
		require.NoError(t, r.out.Publish(t.Context(), []stream.Record{rec}))
	}
	cfg := resolver.Default()
	e, at := h.events["s0"], h.places[0]
	leaf := resolve.LeafCell(e.GetSpace(), e.GetController(), e.GetLeafKey())
	written := make(chan time.Time, 1)
	w.cells.Cells = datedCells{w.cells.Cells, leaf, written}
	w.launchBehind(r, r.out, zap.NewNop(), cfg.HoldBack)
	w.publish(r, 0, 1)
	since := <-written
	committed := func() int64 {
		offsets, err := r.client.Committed(t.Context(), cfg.Group, at.topic)
		require.NoError(t, err)
		return offsets[at.topic][at.partition]
	}
	r.eventually("its offset is committed", func() bool { return committed() == 1 })
	require.GreaterOrEqual(t, time.Since(since), 2*time.Second)
}

// datedCells says when a cell was first written.
type datedCells struct {
	resolve.Cells

	key     string
	written chan<- time.Time
}

func (c datedCells) CommitCells(ctx context.Context, cells []resolve.Cell) ([]bool, error) {
	accepted, err := c.Cells.CommitCells(ctx, cells)
	if i := slices.IndexFunc(cells, func(x resolve.Cell) bool { return x.Key == c.key }); err == nil && i >= 0 && accepted[i] {
		select {
		case c.written <- time.Now():
		default:
		}
	}
	return accepted, err
}
