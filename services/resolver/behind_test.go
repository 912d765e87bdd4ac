package resolver_test

import (
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
	w.launchBehind(r, r.out, zap.NewNop(), cfg.HoldBack)
	e, at := h.events["s0"], h.places[0]
	w.publish(r, 0, 1)
	leaf := []string{resolve.LeafCell(e.GetSpace(), e.GetController(), e.GetLeafKey())}
	r.eventually("the leaf is written", func() bool {
		cells, err := w.cells.Cells.LoadCells(t.Context(), leaf)
		return err == nil && cells[0].Version > 0
	})
	written := time.Now()
	committed := func() int64 {
		offsets, err := r.client.Committed(t.Context(), cfg.Group, at.topic)
		require.NoError(t, err)
		return offsets[at.topic][at.partition]
	}
	require.LessOrEqual(t, committed(), int64(0))
	r.eventually("its offset is committed", func() bool { return committed() == 1 })
	require.GreaterOrEqual(t, time.Since(written), 1900*time.Millisecond)
}
