package resolve_test

import (
	"testing"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/statetest"
)

// However many facts of one call speak of one value, no commit names more keys than the store can take at once.
func TestCommitsStayNarrow(t *testing.T) {
	for _, neighbours := range []int{40, 127, 129, 300} { // below MaxDegree it is not full: its commit is its own
		if problem := statetest.Narrow(t, statemem.NewGraph(), "s", neighbours); problem != "" {
			t.Errorf("%d neighbours: %s", neighbours, problem)
		}
	}
}

func TestWideCommitsAreCaught(t *testing.T) {
	resolve.CommitWide(t)
	if statetest.Narrow(t, statemem.NewGraph(), "s", 300) == "" {
		t.Error("the law does not see the fault")
	}
}
