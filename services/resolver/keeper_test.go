package resolver_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve/statemem"
	"rcu/services/resolver"
)

// standsStill reports whether batches cannot begin while one is under way and nothing was lost.
func standsStill(t *testing.T) bool {
	t.Helper()
	h := historyOf(t, 1, func(*maker) {})
	w := newWorld(t, h, statemem.NewCells(), statemem.NewGraph(), worldConfig{seed: 1, workers: 1, lose: 1e-9})
	s := w.workers[0].service
	require.NoError(t, s.Look(t.Context()))
	end := s.HoldBatch()
	done := make(chan error, 1)
	go func() { done <- s.WatchOnce(t.Context()) }()
	still := false
	require.Eventually(t, func() bool {
		select {
		case err := <-done:
			require.NoError(t, err)
			return true
		default:
			still = !s.MayBegin()
			return still
		}
	}, 10*time.Second, time.Millisecond)
	end()
	if still {
		require.NoError(t, <-done)
	}
	return still
}

// TestKeeper_stopsNobodyForNothing: a process looks for another store five times a second. That must not have all batches wait for the
// longest of them.
func TestKeeper_stopsNobodyForNothing(t *testing.T) {
	require.False(t, standsStill(t))
	resolver.Plant(t, resolver.Faults{Barrier: true})
	require.True(t, standsStill(t))
}
