package identity_test

import (
	"slices"
	"testing"

	"rcu/pkg/identity"
)

// Which law catches which fault. Those of one component are caught in partition_test.go.
var caughtBy = map[string][]string{
	"tieByArrival":       {"1 confluence"},
	"hubsJoin":           {"1 confluence"},
	"registerByArrival":  {"1 confluence"},
	"oneWitness":         {"1 confluence"},
	"leavesFollow":       {"1 confluence"},
	"lookbackIgnored":    {"1 confluence"},
	"patternsIgnored":    {"1 confluence"},
	"sightingsCounted":   {"2 steady"},
	"neverFull":          {"1 confluence", "3 bounded"},
	"uniqueIgnored":      {"1 confluence", "4 lawful"},
	"bansForgotten":      {"1 confluence", "4 lawful", "5 reversible"},
	"clearKeepsBan":      {"1 confluence", "5 reversible"},
	"anonymousLost":      {"1 confluence", "8 conserved"},
	"browsingInCoreLeaf": {"1 confluence", "9 permission"},
	"stampIgnored":       {"1 confluence", "9 permission"},
	"namedByArrival":     {"1 confluence", "10 ids"},
	"referencesLink":     {"1 confluence", "11 references"},
	"joinsConfirm":       {"1 confluence"},
	"smallGroups":        {"1 confluence"},
	"matchByArrival":     {"1 confluence"},
	"matchAsEvidence":    {"1 confluence", "12 probable matches"},
	"matchesUnbounded":   {"1 confluence", "3 bounded"},
	"matchesCrowd":       {"1 confluence", "12 probable matches"},
	"matchesUnheard":     {"1 confluence"},
}

func TestPlantedFaultsAreCaught(t *testing.T) {
	for _, fault := range identity.FaultNames() {
		if len(caughtBy[fault]) == 0 {
			t.Errorf("no law catches the fault %q", fault)
		}
	}
	for fault, names := range caughtBy {
		for _, name := range names {
			t.Run(fault+" by "+name, func(t *testing.T) {
				identity.Plant(t, fault)
				for seed := range uint64(2000) {
					if laws[name](historyAt(seed)) != "" {
						return
					}
				}
				t.Error("no history shows the fault")
			})
		}
	}
}

// No law goes without a fault that breaks it.
func TestEveryLawHasAFault(t *testing.T) {
	for name := range laws {
		shown := false
		for _, names := range caughtBy {
			shown = shown || slices.Contains(names, name)
		}
		if !shown {
			t.Errorf("no fault breaks law %s", name)
		}
	}
}
