// Package load sends a seeded, endless mixture of events as real sources do: in batches, several at once, again until the answer is 200,
// with the same ids. It keeps a ledger of what was sent and what was accepted, which is what a judge compares every store with.
//
// Invariants: the same seed gives the same events in the same order; an event is in the ledger before it is sent, and accepted only
// when an answer says so.
package load
