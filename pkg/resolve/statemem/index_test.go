package statemem_test

import (
	"testing"

	"rcu/pkg/match"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/statetest"
)

func TestIndex(t *testing.T) {
	statetest.Index(t, func(testing.TB) match.Index { return statemem.NewIndex() })
}
