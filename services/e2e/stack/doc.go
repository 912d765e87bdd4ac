// Package stack runs the real program for tests: it builds rcu, starts `rcu up` as a process on free ports with lists of sources and
// readers of its own, and gives clients for what the program offers on its ports. It owns the processes it starts.
//
// Invariants:
//   - Nothing is reached but through the ports, the files of the data folder, and the signals of the process.
//   - A stack ends with its test; the shared one with the test binary; both also when the test binary is killed (Linux).
//   - Waiting has a deadline and a reason; nothing sleeps.
package stack
