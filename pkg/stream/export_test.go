package stream

import "testing"

// Faults are wrong variants to plant.
type Faults struct{ CommitEarly, Unsorted, OffsetsOutlive, WorkersOutlive bool }

// Plant switches faults on until the test ends. No consumer may be running then.
func Plant(t testing.TB, f Faults) {
	t.Helper()
	plant := func(f Faults) {
		faults.commitEarly, faults.unsorted = f.CommitEarly, f.Unsorted
		faults.offsetsOutlive, faults.workersOutlive = f.OffsetsOutlive, f.WorkersOutlive
	}
	plant(f)
	t.Cleanup(func() { plant(Faults{}) })
}
