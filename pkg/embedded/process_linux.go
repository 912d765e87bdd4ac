package embedded

import "syscall"

// childAttributes lets the kernel kill the child when its parent dies, and keeps the terminal's Ctrl-C from it: the
// parent stops its children in order.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
