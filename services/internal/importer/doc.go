// Package importer turns files of other systems into events and posts them to a channel's ingestor.
//
// It owns the mapping format (data, no code: deploy/mappings), the readers (CSV, JSON lines, JSON; gzip by content),
// the helper functions that mapping expressions may call, and the upload with its resume state.
//
// Invariants: the same files and mapping give the same events in the same order, byte for byte, with ids taken from the
// file's own keys; amounts never pass through floating point; a bad row costs that row (or its group) alone and is
// reported by line and reason, never by value; memory is bounded (Input.MaxBytes for rows held to be grouped).
package importer
