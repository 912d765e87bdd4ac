// Package matcher is the service that finds records of the stream which are probably one person without sharing an identifier, and suggests
// them to stewards.
//
// It follows the changelog of leaves behind the resolver, in a consumer group of its own: it slows nothing down, and what it makes is derived.
// An index that was lost, because its place in the changelog is missing, is made again from the beginning of it. Leaves that say something new of
// a person are taken ahead of their turn as well (ADR 47): somebody is on the phone.
//
// Invariants: nobody is joined here; names and other values lie in Redis sealed under the key of their subject alone, and blocking keys as
// pseudonyms; a suggestion holds no value; what a steward decided on two people is not suggested again.
package matcher
