// Package stateredis keeps the state of resolve in Redis: the only package that speaks to it.
//
// Invariants: writes are functions with expected versions, sent in explicit pipelines and never retried by the client, so that an error means
// "unknown, read again"; the functions of cells touch one key each, those of the graph keys of one space, which lie in one slot.
package stateredis
