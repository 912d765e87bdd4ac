package profile

import "testing"

// Plant switches a fault on for one test. Tests that use it or SetLimits do not run in parallel.
func Plant(t testing.TB, name string) {
	t.Helper()
	flag, ok := map[string]*bool{
		"currencies summed":           &planted.sumCurrencies,
		"double fold":                 &planted.doubleFold,
		"fence ignored":               &planted.ignoreFence,
		"tickets known by id only":    &planted.naturalByID,
		"early retraction lost":       &planted.retractAfterOnly,
		"trait of the last arrival":   &planted.lastTraitWins,
		"first version of a ticket":   &planted.firstVersion,
		"what left the log is forgot": &planted.forgetOld,
		"survivor of the last leaf":   &planted.lastLeafSurvives,
		"offers of what is gone stay": &planted.offersStay,
		"emptying counts as a value":  &planted.emptiesNothing,
		"emptying is for good":        &planted.emptiesForGood,
	}[name]
	if !ok {
		t.Fatalf("no fault %q", name)
	}
	*flag = true
	t.Cleanup(func() { *flag = false })
}

// SetLimits changes the bounds for one test.
func SetLimits(t testing.TB, change func(*Limits)) {
	t.Helper()
	old := limits
	change(&limits)
	t.Cleanup(func() { limits = old })
}

// Forget drops what is remembered of received ids, as time does.
func (s *State) Forget() { s.seen = nil }

// Sizes tells how many items of each kind a state holds.
func (s *State) Sizes() map[string]int {
	return map[string]int{
		"log": len(s.log), "tail": s.tailLen(), "seen": len(s.seen), "pending": len(s.pending), "traits": len(s.traits),
		"balances": len(s.balances), "offsets": len(s.offsets), "sums": len(s.sums),
	}
}
