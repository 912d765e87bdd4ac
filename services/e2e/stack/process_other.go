//go:build !linux

package stack

import "syscall"

// attributes keeps the terminal's Ctrl-C from the program.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
