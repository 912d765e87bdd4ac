package fleet

import "syscall"

// attributes lets the kernel end the process when the thread that started it ends, and gives it a process group of its own.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
