package embedded

import (
	"fmt"
	"syscall"
)

// childAttributes lets the kernel kill the child when its parent dies, if asked to, and keeps the terminal's Ctrl-C from it: the
// parent stops its children in order.
func childAttributes(dieWithParent bool) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if dieWithParent {
		attr.Pdeathsig = syscall.SIGKILL
	}
	return attr
}

// nicest is the nice value of whoever comes last for the processor.
const nicest = 19

// giveWay has all threads of this process, which is alone in its group, come after others for the processor, by so much more than they do now.
// A thread that begins later is as the one that made it.
func giveWay(by int) error {
	if by == 0 {
		return nil
	}
	now, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		return fmt.Errorf("asking for the priority of this process: %w", err)
	}
	nice := 20 - now // the call answers without a sign
	if err := syscall.Setpriority(syscall.PRIO_PGRP, 0, min(nice+by, nicest)); err != nil {
		return fmt.Errorf("lowering the priority of this process: %w", err)
	}
	return nil
}
