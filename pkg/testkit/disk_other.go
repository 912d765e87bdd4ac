//go:build !linux

package testkit

import "testing"

// Disk is a file system of its own in memory, small enough to be filled.
type Disk struct{ Dir string }

// NewDisk ends the test: only Linux mounts such a file system.
func NewDisk(t testing.TB, _ string, _ int64) *Disk {
	t.Helper()
	Missing(t, BackendTmpfs, "only Linux has it")
	return nil
}

// Free is how many bytes can still be written.
func (*Disk) Free() int64 { return 0 }

// Fill writes until at most so many bytes are free.
func (*Disk) Fill(int64) {}

// Empty takes what Fill wrote away.
func (*Disk) Empty() {}
