package sink

import "testing"

// Faults are wrong variants to plant.
type Faults struct{ WithoutLogID, CommitEarly bool }

// Plant switches faults on until the test ends. No sink may be running then.
func Plant(t testing.TB, f Faults) {
	t.Helper()
	faults.withoutLogID, faults.commitEarly = f.WithoutLogID, f.CommitEarly
	t.Cleanup(func() { faults.withoutLogID, faults.commitEarly = false, false })
}
