package resolve_test

import (
	"fmt"
	"testing"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/statetest"
)

// The law of erasures sees an edge that was left, and one that a neighbour of a hub holds alone.
func TestAnErasedEdgeThatStaysIsCaught(t *testing.T) {
	for name, plant := range map[string]func(testing.TB){"any edge": resolve.KeepErasedEdges, "of a hub": resolve.KeepErasedHubs} {
		t.Run(name, func(t *testing.T) {
			plant(t)
			state := statemem.NewGraph()
			for seed := range uint64(200) {
				if said := statetest.NotErased(t, state, fmt.Sprint(seed), seed); said != "" {
					t.Logf("seed %d: %s", seed, said)
					return
				}
			}
			t.Error("no history shows the fault")
		})
	}
}
