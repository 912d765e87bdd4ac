package stack

import "syscall"

// attributes lets the kernel end the program when the test binary ends, whatever the reason.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
