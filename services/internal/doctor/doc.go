// Package doctor finds out what is wrong with an installation and says what to do about it.
//
// Gather asks servers, disk, ports and files and fills Facts; Examine is a pure function from Facts to findings, one
// check each. A fact that could not be known makes a finding of state unknown, never a guess.
//
// Invariants: nothing is changed anywhere; every question has a time limit; no finding holds a password, a key or an
// address with a log-in.
package doctor
