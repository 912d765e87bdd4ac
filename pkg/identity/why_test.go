package identity_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"rcu/pkg/identity"
	. "rcu/pkg/identity/identitytest" //nolint:revive // stories read as sentences
)

// Why says of every identifier what Stand says, whatever the history, and names as many owners as count.
func TestWhy_isWhatStandSays(t *testing.T) {
	seen := map[identity.WhyCode]bool{}
	for seed := range uint64(2000) {
		f := History(rand.New(rand.NewPCG(seed, 5)), Small)
		k, err := identity.NewKernel(f.Rules)
		require.NoError(t, err)
		ev := identity.NewEvidence(k)
		var c identity.Changes
		for _, fact := range All(f) {
			ev.Fold(fact, &c)
		}
		ev.Nodes(func(n *identity.Node) {
			w := k.Why(n)
			seen[w.Code] = true
			require.Equal(t, k.Stand(n), w.Standing, "seed %d: %s by %s", seed, n.Key.Value, w.Code)
			if w.Code == identity.WhyOwners || w.Code == identity.WhyClaims {
				require.Greater(t, len(w.Owners), w.Most)
			}
		})
	}
	for _, code := range []identity.WhyCode{
		identity.WhyBlocked, identity.WhyFull, identity.WhyAct, identity.WhyOwners, identity.WhyClaims, identity.WhyManyName, identity.WhyNames, identity.WhyEvidence,
	} {
		require.True(t, seen[code], "no history gives %s", code)
	}
}
