// Package telemetry is how a service tells what it does: a JSON logger, a registry of metrics, and the handlers
// /metrics, /healthz and /readyz.
//
// Invariants: a log line is one JSON object with the fixed keys ts, level, logger, msg; no global logger and no
// global registry exist; nothing here reads or prints an event, an identifier or a trait.
package telemetry
