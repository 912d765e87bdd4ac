package stateredis

import (
	"testing"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statetest"
)

func TestGraph(t *testing.T) {
	statetest.Graph(t, func(t testing.TB) resolve.GraphState { return NewGraph(open(t)) }, 64)
}
