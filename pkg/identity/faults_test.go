package identity_test

import (
	"math/rand/v2"
	"testing"

	"rcu/pkg/identity"
	"rcu/pkg/identity/identitytest"
)

// Each planted fault must be seen by the comparison with the oracle that the laws rest on.
func TestPlantedFaultsAreCaught(t *testing.T) {
	for name, fault := range map[string]*bool{
		"tie by arrival": identity.TieByArrival, "register by arrival": identity.RegisterByArrival, "hub joins": identity.HubsJoin, "browsing in a core leaf": identity.BrowsingInCoreLeaf,
	} {
		t.Run(name, func(t *testing.T) {
			identity.Plant(t, fault)
			for seed := range uint64(500) {
				f := identitytest.History(rand.New(rand.NewPCG(seed, 7)), identitytest.Small)
				got, err := f.Solve()
				if err != nil {
					t.Fatal(err)
				}
				if compareAnswers(got, identitytest.Ask(f)) != "" {
					return
				}
			}
			t.Error("no history shows the fault")
		})
	}
}
