package statemem_test

import (
	"testing"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/statetest"
)

func TestCells(t *testing.T) {
	statetest.Cells(t, func(testing.TB) resolve.Cells { return statemem.NewCells() })
}
