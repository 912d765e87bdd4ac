package main

import "syscall"

// attributes lets the kernel end a child when this program ends, whatever the reason.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
