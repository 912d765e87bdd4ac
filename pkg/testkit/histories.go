package testkit

import (
	"os"
	"strconv"
	"testing"
)

// Histories is how many random histories a law of the long tier tries: the given number, or RCU_TEST_HISTORIES.
func Histories(t testing.TB, standard uint64) uint64 {
	t.Helper()
	text := os.Getenv("RCU_TEST_HISTORIES")
	if text == "" {
		return standard
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil || n == 0 {
		t.Fatalf("testkit: RCU_TEST_HISTORIES is %q, want a number from 1", text)
	}
	return n
}
