package privacy

import "testing"

// ErrStop is what a stopped step returns.
var ErrStop = errStop

// Faults are wrong variants to plant.
type Faults struct {
	NotAgain, NoRecord, ToldOnce, LeafStays, EdgesStay, FilesStay, MatchesStay bool

	StopAt func(step string) bool
}

// Disk has every step of a disk pass a function first, until the test ends.
func Disk(t testing.TB, step func(name string) error) {
	t.Helper()
	faults.disk = step
	t.Cleanup(func() { faults.disk = nil })
}

// Plant switches faults on until the test ends.
func Plant(t testing.TB, f Faults) {
	t.Helper()
	plant := func(f Faults) {
		faults.notAgain, faults.noRecord, faults.toldOnce, faults.stopAt = f.NotAgain, f.NoRecord, f.ToldOnce, f.StopAt
		faults.leafStays, faults.edgesStay, faults.filesStay, faults.matchesStay = f.LeafStays, f.EdgesStay, f.FilesStay, f.MatchesStay
	}
	plant(f)
	t.Cleanup(func() { plant(Faults{}) })
}
