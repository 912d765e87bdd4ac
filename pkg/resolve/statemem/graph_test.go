package statemem

import (
	"testing"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statetest"
)

func TestGraph(t *testing.T) {
	statetest.Graph(t, func(testing.TB) resolve.GraphState { return NewGraph() }, 400)
}
