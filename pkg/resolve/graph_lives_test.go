package resolve_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/statetest"
)

// lives tells of the first of so many histories in which a graph that is lost again and again comes back otherwise; "" if none.
func lives(t *testing.T, histories uint64, early bool) string {
	t.Helper()
	for seed := range histories {
		if diff := statetest.Lives(t, statemem.NewGraph(), seed, early); diff != "" {
			return diff
		}
	}
	return ""
}

func TestLives(t *testing.T) { require.Empty(t, lives(t, 400, false)) }

func TestLives_aLostCommitIsOverruled(t *testing.T) {
	resolve.LeaveTheLost(t)
	require.NotEmpty(t, lives(t, 400, false))
}

func TestLives_whatALostCommitTookAwayStands(t *testing.T) {
	resolve.GoneForGood(t)
	require.NotEmpty(t, lives(t, 400, false))
}

func TestLives_whatWasWrittenAgainIsOutFirst(t *testing.T) { require.NotEmpty(t, lives(t, 400, true)) }
