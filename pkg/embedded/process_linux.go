package embedded

import "syscall"

// childAttributes lets the kernel kill the child when its parent dies, if asked to, and keeps the terminal's Ctrl-C from it: the
// parent stops its children in order.
func childAttributes(dieWithParent bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if dieWithParent {
		attr.Pdeathsig = syscall.SIGKILL
	}
	return attr
}
