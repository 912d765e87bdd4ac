//go:build !linux

package embedded

import "syscall"

// childAttributes keeps the terminal's Ctrl-C from the child. Systems other than Linux have no parent-death signal:
// there our own children watch their life line instead.
func childAttributes(bool) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// giveWay does nothing: priorities belong to threads on Linux, and to the whole process elsewhere.
func giveWay(int) error { return nil }
