package resolve_test

import (
	"fmt"
	"testing"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/statetest"
)

// The law of erasures sees an edge that was left.
func TestAnErasedEdgeThatStaysIsCaught(t *testing.T) {
	resolve.KeepErasedEdges(t)
	state := statemem.NewGraph()
	for seed := range uint64(50) {
		if statetest.NotErased(t, state, fmt.Sprint(seed), seed) != "" {
			t.Logf("seed %d shows the fault", seed)
			return
		}
	}
	t.Error("no history shows the fault")
}
