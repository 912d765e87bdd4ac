package sink

import "testing"

// Faults are wrong variants to plant.
type Faults struct{ WithoutLogID, CommitEarly, OneLane bool }

// Plant switches faults on until the test ends. No sink may be running then.
func Plant(t testing.TB, f Faults) {
	t.Helper()
	faults.withoutLogID, faults.commitEarly, faults.oneLane = f.WithoutLogID, f.CommitEarly, f.OneLane
	t.Cleanup(func() { faults.withoutLogID, faults.commitEarly, faults.oneLane = false, false, false })
}
