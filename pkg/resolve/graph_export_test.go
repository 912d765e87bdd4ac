package resolve

import "testing"

// DropAbsenceCheck plants a fault until the test ends.
func DropAbsenceCheck(t testing.TB) {
	t.Helper()
	plant(t, &faults.absenceUnchecked)
}

// StandByOldRules plants a fault until the test ends.
func StandByOldRules(t testing.TB) {
	t.Helper()
	plant(t, &faults.standingByOldRules)
}

// SearchStale plants a fault until the test ends.
func SearchStale(t testing.TB) {
	t.Helper()
	plant(t, &faults.staleSearch)
}

// JudgeNewEdgesOnly plants a fault until the test ends.
func JudgeNewEdgesOnly(t testing.TB) {
	t.Helper()
	plant(t, &faults.newEdgesOnly)
}

// KeepBlockedUntold plants a fault until the test ends.
func KeepBlockedUntold(t testing.TB) {
	t.Helper()
	plant(t, &faults.blockedUntold)
}

// CommitWide plants a fault until the test ends.
func CommitWide(t testing.TB) {
	t.Helper()
	plant(t, &faults.wideCommits)
}

// WriteWhatWasReadFirst plants a fault until the test ends.
func WriteWhatWasReadFirst(t testing.TB) {
	t.Helper()
	plant(t, &faults.tornReads)
}

// LookAtTheAbsentUnchecked plants a fault until the test ends.
func LookAtTheAbsentUnchecked(t testing.TB) {
	t.Helper()
	plant(t, &faults.absentReads)
}

// ReviewPartsAlone plants a fault until the test ends.
func ReviewPartsAlone(t testing.TB) {
	t.Helper()
	plant(t, &faults.partsAlone)
}

// LookBackUntold plants a fault until the test ends.
func LookBackUntold(t testing.TB) {
	t.Helper()
	plant(t, &faults.lookBackUntold)
}

// GoneForGood plants a fault until the test ends.
func GoneForGood(t testing.TB) {
	t.Helper()
	plant(t, &faults.goneForGood)
}

// LeaveTheLost plants a fault until the test ends.
func LeaveTheLost(t testing.TB) {
	t.Helper()
	plant(t, &faults.notOverruled)
}

func plant(t testing.TB, fault *bool) {
	t.Helper()
	*fault = true
	t.Cleanup(func() { *fault = false })
}

// KeepErasedEdges plants a fault until the test ends.
func KeepErasedEdges(t testing.TB) {
	t.Helper()
	plant(t, &faults.edgesStay)
}

// KeepErasedHubs plants a fault until the test ends.
func KeepErasedHubs(t testing.TB) {
	t.Helper()
	plant(t, &faults.hubsStay)
}
