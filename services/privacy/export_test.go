package privacy

import "testing"

// Faults are wrong variants to plant.
type Faults struct{ NotAgain, NoRecord bool }

// Disk has every step of a disk pass a function first, until the test ends.
func Disk(t testing.TB, step func(name string) error) {
	t.Helper()
	faults.disk = step
	t.Cleanup(func() { faults.disk = nil })
}

// Plant switches faults on until the test ends.
func Plant(t testing.TB, f Faults) {
	t.Helper()
	plant := func(f Faults) { faults.notAgain, faults.noRecord = f.NotAgain, f.NoRecord }
	plant(f)
	t.Cleanup(func() { plant(Faults{}) })
}
