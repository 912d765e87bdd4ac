package statemem

import (
	"fmt"
	"testing"

	"rcu/pkg/identity/identitytest"
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statetest"
	"rcu/pkg/testkit"
)

func TestGraph(t *testing.T) {
	statetest.Graph(t, func(testing.TB) resolve.GraphState { return NewGraph() }, 400)
}

// The laws of batches, workers, rule changes and every prefix at length: a share of the histories that the kernel's laws try.
func TestLongGraph(t *testing.T) {
	testkit.Long(t)
	for seed := range testkit.Histories(t, 20_000) / 10 {
		space, state := fmt.Sprint(seed), NewGraph()
		switch o := identitytest.Small; seed % 8 {
		case 0:
			statetest.Prefixes(t, state, space, seed)
		case 1:
			statetest.RulesChange(t, state, space, seed)
		case 2:
			statetest.NeverMixed(t, state, space, seed)
		case 3:
			statetest.Reversible(t, state, space, seed)
		case 4:
			statetest.Confluence(t, state, space, seed, 8, statetest.Large)
		default:
			o.Months = seed%2 == 0
			statetest.Confluence(t, state, space, seed, 1+int(seed%8), o)
		}
	}
}
