package resolve

import "testing"

// DropAbsenceCheck plants a fault until the test ends.
func DropAbsenceCheck(t testing.TB) {
	t.Helper()
	faults.absenceUnchecked = true
	t.Cleanup(func() { faults.absenceUnchecked = false })
}
