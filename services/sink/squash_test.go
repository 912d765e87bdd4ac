package sink

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
)

// Overrides go only when everything is written that lay on the topic while they were old enough already.
func TestSquasher_waitsForRowsUnderOlderOwners(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	ends, committed := map[int]int64{0: 10, 1: 0}, map[int]int64{0: 4, 1: -1}
	var asked []uint64
	left := 2
	q := &squasher{
		after: time.Hour, now: func() time.Time { return now }, metrics: newMetrics(prometheus.NewRegistry()), log: zap.NewNop(), changed: func() {},
		ends:      func(context.Context) (map[int]int64, error) { return ends, nil },
		committed: func(context.Context) (map[int]int64, error) { return committed, nil },
		squash: func(_ context.Context, before uint64, _ int) (int, error) {
			asked = append(asked, before)
			left--
			return max(0, left), nil
		},
	}
	require.NoError(t, q.once(t.Context()))
	require.Empty(t, asked, "nothing is known yet")
	marked := now
	now = now.Add(10 * time.Minute)
	require.NoError(t, q.once(t.Context()))
	require.Empty(t, asked, "rows of then are not written yet")
	ends, committed = map[int]int64{0: 99, 1: 0}, map[int]int64{0: 10, 1: -1}
	require.NoError(t, q.once(t.Context()))
	before := uint64(marked.Add(-time.Hour).UnixMicro())
	require.Equal(t, []uint64{before, before}, asked, "as often as there are some left")
	now = now.Add(10 * time.Minute)
	require.NoError(t, q.once(t.Context()))
	require.Len(t, asked, 2, "the new mark is not reached")
}
