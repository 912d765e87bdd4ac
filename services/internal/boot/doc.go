// Package boot is the frame of a program: signals, exit codes and the last line that a person reads.
//
// Exit codes: 0 done, 1 the run ended with an error, 2 wrong usage or configuration, 130 a second signal.
// Invariants: the first SIGINT or SIGTERM ends the context, the second ends the program at once; an error is
// printed once, here, and nowhere else.
package boot
