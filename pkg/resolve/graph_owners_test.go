package resolve_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identifier"
	"rcu/pkg/identity"
	. "rcu/pkg/identity/identitytest" //nolint:revive // stories read as sentences
	"rcu/pkg/resolve"
	"rcu/pkg/resolve/statemem"
	"rcu/pkg/resolve/statetest"
)

// earlierLogIn tells whose browsing of the first month is by the rules' look-back of 20 days, and whom the last commit told of: once the
// browser's owner is known on day 100, and after a log-in of day 35 has come late.
func earlierLogIn(t *testing.T) (before, after identity.Owner, told []identifier.Key) {
	t.Helper()
	lookBack := func(r *identity.Rules) { r.LookbackDays = 20 }
	known := func() *Story { return NewStory(lookBack).Grant(1, "c", 0).Page(Day, "c", 1).Page(100*Day, "c U", 1) }
	late := known().Page(35*Day, "c U", 1)
	g := graphOf(t, statemem.NewGraph(), late)
	kernel, err := g.Kernel(t.Context(), space)
	require.NoError(t, err)
	browsing := identity.Leaf{Device: K("c"), Stamp: 1}
	owner := func() identity.Owner {
		view, err := g.View(t.Context(), space, []identifier.Key{K("c")}, 200*Day)
		require.NoError(t, err)
		return kernel.Owner(browsing, identity.Span{First: Day, Last: Day}, nil, view, 200*Day)
	}
	apply(t, g, known(), 200*Day)
	before = owner()
	entries, err := g.ReadOutbox(t.Context(), space, "", 100)
	require.NoError(t, err)
	apply(t, g, late, 200*Day)
	after = owner()
	entries, err = g.ReadOutbox(t.Context(), space, entries[len(entries)-1].ID, 100)
	require.NoError(t, err)
	for _, e := range entries {
		for _, c := range e.Changed {
			told = append(told, c.Key)
		}
	}
	return before, after, told
}

// A browser that is known to be somebody's earlier than was thought may bring its owner a month of browsing more: nothing else about it
// changes, and still its leaves have to be looked at.
func TestCounterexample37_AnEarlierLogInIsTold(t *testing.T) {
	before, after, told := earlierLogIn(t)
	require.Equal(t, identity.Owner{Key: K("c"), Anonymous: true}, before)
	require.Equal(t, identity.Owner{Key: K("U")}, after)
	require.Contains(t, told, K("c"))
	resolve.LookBackUntold(t)
	_, _, told = earlierLogIn(t)
	require.NotContains(t, told, K("c"))
}

// The law that owners are told sees a look-back that moves untold, and a value that is blocked untold.
func TestOwnersUntoldAreCaught(t *testing.T) {
	for name, plant := range map[string]func(testing.TB){"look-back": resolve.LookBackUntold, "blocked": resolve.KeepBlockedUntold} {
		t.Run(name, func(t *testing.T) {
			plant(t)
			state := statemem.NewGraph()
			for seed := range uint64(1000) {
				if statetest.Untold(t, state, fmt.Sprint(seed), seed) != "" {
					t.Logf("seed %d shows the fault", seed)
					return
				}
			}
			t.Error("no history shows the fault")
		})
	}
}
