// Package auth owns who may call: bearer keys, known only by their SHA-256, each with a principal, and the roles of readers.
//
// Invariants: a key is never stored, logged or repeated in an error; keys are compared in constant time; a file with
// any problem is refused whole, with all its problems at once.
package auth
