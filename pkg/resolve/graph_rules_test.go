package resolve_test

import (
	"fmt"
	"testing"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/statetest"
)

// What mixes rules is caught by the law that says they never mix.
func TestMixedRulesAreCaught(t *testing.T) {
	for name, plant := range map[string]func(testing.TB){"standing by old rules": resolve.StandByOldRules, "stale search": resolve.SearchStale} {
		t.Run(name, func(t *testing.T) {
			plant(t)
			state := statemem.NewGraph()
			for seed := range uint64(60) {
				if statetest.Mixed(t, state, fmt.Sprint(seed), seed) != "" {
					return
				}
			}
			t.Error("no history shows the fault")
		})
	}
}
