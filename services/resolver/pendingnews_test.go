package resolver

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
)

// TestPendingNews: of two batches that wrote one leaf, either may take note of it first. What one of them said that is new stays new.
func TestPendingNews(t *testing.T) {
	news := cellRef{key: "l:x", stored: resolve.Cell{Key: "l:x", Version: 1}, sealer: "sk:x"}
	sale := cellRef{key: "l:x", stored: resolve.Cell{Key: "l:x", Version: 2}}
	for _, order := range [][]cellRef{{news, sale}, {sale, news}} {
		p := newPending(10, time.Now, prometheus.NewGauge(prometheus.GaugeOpts{Name: "pending"}))
		for _, c := range order {
			p.add([]cellRef{c}, nil)
		}
		_, leaves := p.urgentCells()
		require.Len(t, leaves, 1)
		require.EqualValues(t, 2, leaves[0].stored.Version)
		require.Equal(t, "sk:x", leaves[0].sealer)
	}
}
