package resolve_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/statetest"
)

// Where an identifier stands otherwise, all its edges are judged: the law that a store answers as a recomputation does sees the fault.
func TestStandingNotJudgedAgainIsCaught(t *testing.T) {
	resolve.JudgeNewEdgesOnly(t)
	for seed := range uint64(100) {
		f := identitytest.History(rand.New(rand.NewPCG(seed, 31)), identitytest.Small)
		g, err := resolve.NewGraph(statemem.NewGraph(), f.Rules)
		require.NoError(t, err)
		require.NoError(t, statetest.Feed(t.Context(), []*resolve.Graph{g}, "s", f, rand.New(rand.NewPCG(seed, 32))))
		require.NoError(t, statetest.SweepAll(t.Context(), g, "s", f.Now))
		if statetest.Differs(t.Context(), g, "s", f, true) != "" {
			return
		}
	}
	t.Error("no history shows the fault")
}

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
