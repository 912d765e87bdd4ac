package statemem_test

import (
	"testing"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/statetest"
)

func TestLoading(t *testing.T) {
	statetest.Loading(t, func(testing.TB) resolve.GraphLoader { return statemem.NewGraph() }, 400)
}
