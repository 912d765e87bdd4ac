//go:build !linux

package fleet

import "syscall"

// attributes gives the process a process group of its own.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
