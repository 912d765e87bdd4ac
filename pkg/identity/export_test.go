package identity

import "testing"

// Faults of the kernel that a test may plant.
var (
	TieByArrival       = &faults.tieByArrival
	HubsJoin           = &faults.hubsJoin
	RegisterByArrival  = &faults.registerByArrival
	BrowsingInCoreLeaf = &faults.browsingInCoreLeaf
)

// Plant switches a fault on until the test ends.
func Plant(t testing.TB, fault *bool) {
	t.Helper()
	*fault = true
	t.Cleanup(func() { *fault = false })
}

// Contradict is contradict, for tests.
func Contradict(a, b Claim) bool { return contradict(&a, &b) }

// LimitFacts sets how many bytes of facts are read until the test ends.
func LimitFacts(t testing.TB, bytes int64) {
	t.Helper()
	before := maxFacts
	maxFacts = bytes
	t.Cleanup(func() { maxFacts = before })
}
